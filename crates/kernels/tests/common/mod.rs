//! Random views with a model: the element of a flat base array that each of their elements is.

#![allow(dead_code, reason = "each test uses a part")]

use distarray_kernels::{Block, DType};
use proptest::prelude::*;

/// One way to make a view of a view. Numbers are taken modulo what the view allows.
#[derive(Clone, Debug)]
pub enum Change {
    Index(usize, usize),
    Slice(usize, usize, bool, usize),
    Take(usize, Vec<usize>),
    Insert(usize),
    Reverse,
    Pattern(usize, usize),
}

pub fn change() -> impl Strategy<Value = Change> {
    let number = 0..24usize;
    prop_oneof![
        1 => (number.clone(), number.clone()).prop_map(|(a, b)| Change::Index(a, b)),
        3 => (number.clone(), number.clone(), any::<bool>(), 1..4usize)
            .prop_map(|(a, b, c, d)| Change::Slice(a, b, c, d)),
        // Few enough to choose from that some are left, with gaps that no stride describes.
        2 => (number.clone(), prop::collection::hash_set(0..7usize, 0..6))
            .prop_map(|(a, b)| Change::Take(a, b.into_iter().collect())),
        1 => number.clone().prop_map(Change::Insert),
        2 => Just(Change::Reverse),
        1 => (number.clone(), 1..4usize).prop_map(|(a, b)| Change::Pattern(a, b)),
    ]
}

/// A view and its model: a shape and, in C order, the place of each element in the base.
#[derive(Clone, Debug)]
pub struct View {
    pub block: Block,
    pub places: Vec<usize>,
}

impl View {
    /// A new block of elements 0, 1, ...
    pub fn base(dtype: DType, shape: &[usize]) -> Self {
        let block = Block::zeroed(dtype, shape).unwrap();
        let size = shape.iter().product();
        let view = Self { block, places: (0..size).collect() };
        for (position, index) in indices(shape).into_iter().enumerate() {
            let value = distarray_kernels::Scalar::from(position as i64);
            view.block.write(&index, &value.cast(dtype).unwrap());
        }
        view
    }

    /// Chooses places of the old shape for a new shape.
    fn select(&self, shape: &[usize], choose: impl Fn(&[usize]) -> Vec<usize>) -> Vec<usize> {
        let old = self.block.shape();
        let flat = |index: &[usize]| {
            index.iter().zip(&old).fold(0, |flat, (position, len)| flat * len + position)
        };
        indices(shape).iter().map(|index| self.places[flat(&choose(index))]).collect()
    }

    pub fn change(&self, change: &Change) -> Self {
        let (block, ndim) = (&self.block, self.block.ndim());
        let shape = block.shape();
        let axis = |wish: usize| (ndim > 0).then(|| wish % ndim);
        let changed = match change {
            Change::Index(wish, position) => {
                axis(*wish).filter(|&axis| shape[axis] > 0).map(|axis| {
                    let position = position % shape[axis];
                    let new = block.index_axis(axis, position);
                    let places = self.select(&new.shape(), |index| {
                        let mut index = index.to_vec();
                        index.insert(axis, position);
                        index
                    });
                    (new, places)
                })
            }
            Change::Slice(wish, start, backwards, step) => {
                axis(*wish).filter(|&axis| shape[axis] > 0).map(|axis| {
                    let start = start % shape[axis];
                    let left = if *backwards { start } else { shape[axis] - 1 - start };
                    let len = left / step + 1;
                    let step = if *backwards { -(*step as isize) } else { *step as isize };
                    let new = block.slice_axis(axis, start, step, len);
                    let places = self.select(&new.shape(), |index| {
                        let mut index = index.to_vec();
                        index[axis] = (start as isize + index[axis] as isize * step) as usize;
                        index
                    });
                    (new, places)
                })
            }
            Change::Take(wish, positions) => axis(*wish).map(|axis| {
                let mut positions: Vec<usize> =
                    positions.iter().copied().filter(|&position| position < shape[axis]).collect();
                positions.sort_unstable();
                let new = block.take_axis(axis, &positions);
                let places = self.select(&new.shape(), |index| {
                    let mut index = index.to_vec();
                    index[axis] = positions[index[axis]];
                    index
                });
                (new, places)
            }),
            Change::Insert(wish) => {
                let new = block.insert_axis(wish % (ndim + 1));
                Some((new, self.places.clone()))
            }
            Change::Reverse => {
                let order: Vec<usize> = (0..ndim).rev().collect();
                let new = block.transpose(&order);
                let places =
                    self.select(&new.shape(), |index| index.iter().rev().copied().collect());
                Some((new, places))
            }
            Change::Pattern(wish, repeat) => axis(*wish)
                .filter(|_| block.is_strided())
                .filter(|&axis| shape[axis] >= *repeat)
                .map(|axis| {
                    let period = shape[axis] / repeat;
                    let len = period.div_ceil(2);
                    let new = block.pattern_axis(axis, 0, 2, len, *repeat, period as isize);
                    let places = self.select(&new.shape(), |index| {
                        let mut index = index.to_vec();
                        let inner = index.remove(axis + 1);
                        index[axis] = index[axis] * period + inner * 2;
                        index
                    });
                    (new, places)
                }),
        };
        match changed {
            Some((block, places)) => Self { block, places },
            None => self.clone(),
        }
    }
}

/// Every index of a shape, in C order.
pub fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |outer, &len| {
        outer
            .iter()
            .flat_map(|index| {
                (0..len).map(move |position| {
                    let mut index = index.clone();
                    index.push(position);
                    index
                })
            })
            .collect()
    })
}

/// A view of a new block of this dtype.
pub fn view(dtype: DType) -> impl Strategy<Value = View> {
    (prop::collection::vec(0..7usize, 0..4), prop::collection::vec(change(), 0..5)).prop_map(
        move |(shape, changes)| {
            changes.iter().fold(View::base(dtype, &shape), |view, change| view.change(change))
        },
    )
}
