//! The handle of a distributed array.

use std::fmt;
use std::sync::Arc;

use distarray_kernels::random::Variate;
use distarray_kernels::{Block, DType, Scalar};
use distarray_meta::{Distribution, IndexItem, MetaError};

use crate::command::Item;
use crate::error::{Result, SessionError};
use crate::{ArrayId, Command, Initial, Reply, Session};

/// The handle of a distributed array: its layout, its dtype, and where its engines are. Cheap to
/// clone; the pieces are freed with the last handle.
#[derive(Clone)]
pub struct Array {
    inner: Arc<Inner>,
}

struct Inner {
    id: ArrayId,
    distribution: Distribution,
    dtype: DType,
    session: Arc<dyn Session>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.session.free(self.id, self.distribution.targets());
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Array")
            .field("id", &self.inner.id)
            .field("shape", &self.shape())
            .field("dtype", &self.inner.dtype)
            .finish_non_exhaustive()
    }
}

impl Array {
    /// The handle of pieces that are (or are about to be) on the engines under the name `id`.
    pub fn adopt(
        session: &Arc<dyn Session>,
        id: ArrayId,
        distribution: Distribution,
        dtype: DType,
    ) -> Self {
        Self { inner: Arc::new(Inner { id, distribution, dtype, session: session.clone() }) }
    }

    /// A handle with a new name; its pieces are to be made by the next command.
    pub(super) fn named(
        session: &Arc<dyn Session>,
        distribution: Distribution,
        dtype: DType,
    ) -> Self {
        Self::adopt(session, session.new_array_id(), distribution, dtype)
    }

    /// A new array.
    ///
    /// # Errors
    ///
    /// [`SessionError::Engines`] when memory is short.
    pub fn create(
        session: &Arc<dyn Session>,
        distribution: Distribution,
        dtype: DType,
        initial: Initial,
    ) -> Result<Self> {
        let array = Self::named(session, distribution, dtype);
        let weight = match initial {
            Initial::Uninitialised => 0,
            _ => array.weight(),
        };
        array.execute(
            Command::Create {
                array: array.id(),
                distribution: array.distribution().clone(),
                dtype,
                initial,
            },
            weight,
        )?;
        Ok(array)
    }

    /// A new array with the elements of the client's `host`, which has the global shape; cast to
    /// `dtype`.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when the shapes differ; [`SessionError::Engines`] when memory is
    /// short.
    pub fn from_host(
        session: &Arc<dyn Session>,
        distribution: Distribution,
        dtype: DType,
        host: &Block,
    ) -> Result<Self> {
        let array = Self::create(session, distribution, dtype, Initial::Uninitialised)?;
        array.write_host(host)?;
        Ok(array)
    }

    /// The name on the engines.
    pub fn id(&self) -> ArrayId {
        self.inner.id
    }

    /// The layout.
    pub fn distribution(&self) -> &Distribution {
        &self.inner.distribution
    }

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.inner.dtype
    }

    /// The global shape.
    pub fn shape(&self) -> &[usize] {
        self.inner.distribution.shape()
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    pub fn size(&self) -> usize {
        self.inner.distribution.global_size()
    }

    /// The session of the engines.
    pub fn session(&self) -> &Arc<dyn Session> {
        &self.inner.session
    }

    /// Whether both arrays live on engines of one session.
    pub fn same_session(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.session(), other.session())
    }

    /// About how many bytes one engine holds.
    pub(super) fn weight(&self) -> usize {
        self.size() * self.dtype().itemsize() / self.distribution().ranks().max(1)
    }

    /// Sends a command to the engines that hold pieces of this array.
    pub(super) fn execute(&self, command: Command, weight: usize) -> Result<Vec<Reply>> {
        let targets = self.distribution().targets();
        if targets.is_sorted() {
            return self.session().execute(targets, command, weight);
        }
        let mut participants = targets.to_vec();
        participants.sort_unstable();
        self.session().execute(&participants, command, weight)
    }

    /// Sets every element.
    ///
    /// # Errors
    ///
    /// [`SessionError::Kernel`] when the value cannot be cast.
    pub fn fill(&self, value: Scalar) -> Result<()> {
        self.fill_item(value.cast(self.dtype())?.bytes())
    }

    /// Sets every element to an item of this array's dtype.
    ///
    /// # Errors
    ///
    /// [`SessionError::Engines`].
    pub fn fill_item(&self, item: &[u8]) -> Result<()> {
        self.execute(Command::Fill { array: self.id(), item: item.into() }, self.weight())?;
        Ok(())
    }

    /// A view of a part of the array: shares its memory. `index` has one item for each axis, and new
    /// axes in between.
    ///
    /// # Errors
    ///
    /// [`SessionError::Meta`] when the index does not fit.
    pub fn slice(&self, index: &[IndexItem]) -> Result<Self> {
        let sliced = Arc::new(self.distribution().slice(index)?);
        let view = Self::named(self.session(), sliced.distribution.clone(), self.dtype());
        view.execute(Command::Slice { array: view.id(), base: self.id(), sliced }, 0)?;
        Ok(view)
    }

    /// A view with its axes in another order: axis `j` of the result is axis `order[j]` of this.
    ///
    /// # Errors
    ///
    /// [`SessionError::Meta`] when `order` is not a permutation of the axes.
    pub fn transpose(&self, order: &[usize]) -> Result<Self> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.ndim()) {
            return Err(MetaError::Invalid {
                argument: "axes",
                message: "axes don't match array".to_owned(),
            }
            .into());
        }
        let distribution = self.distribution().permute_axes(order);
        let view = Self::named(self.session(), distribution.clone(), self.dtype());
        view.execute(
            Command::Transpose {
                array: view.id(),
                base: self.id(),
                order: order.to_vec(),
                distribution,
            },
            0,
        )?;
        Ok(view)
    }

    /// A view of the same memory as another dtype; the last axis is scaled when the sizes of items
    /// differ.
    ///
    /// # Errors
    ///
    /// [`SessionError::Meta`] when the last axis of a piece cannot be scaled.
    pub fn view(&self, dtype: DType) -> Result<Self> {
        let (old, new) = (self.dtype().itemsize(), dtype.itemsize());
        let distribution = if old == new {
            self.distribution().clone()
        } else {
            let Some(&last) = self.shape().last() else {
                return Err(SessionError::Value(
                    "Changing the dtype of a 0d array is only supported if the itemsize is \
                     unchanged"
                        .to_owned(),
                ));
            };
            if new == 0 || last * old % new != 0 {
                return Err(SessionError::Value(
                    "When changing to a larger dtype, its size must be a divisor of the total size \
                     in bytes of the last axis of the array."
                        .to_owned(),
                ));
            }
            self.distribution().view(last * old / new)?
        };
        let view = Self::named(self.session(), distribution.clone(), dtype);
        view.execute(
            Command::Reinterpret { array: view.id(), base: self.id(), dtype, distribution },
            0,
        )?;
        Ok(view)
    }

    /// One element.
    ///
    /// # Errors
    ///
    /// [`SessionError::Meta`] when `index` is out of bounds.
    pub fn item(&self, index: &[i64]) -> Result<Item> {
        let (rank, position) = self.distribution().owner(index)?;
        let target = [self.distribution().targets()[rank]];
        let command = Command::ReadItem { array: self.id(), position };
        match self.session().execute(&target, command, 0)?.pop() {
            Some(Reply::Item(item)) => Ok(item),
            other => unreachable!("engines answer ReadItem with an item, not {other:?}"),
        }
    }

    /// Copies all elements into the client's `host`, which has the global shape and this dtype.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when the shapes differ.
    pub fn read_host(&self, host: &Block) -> Result<()> {
        self.check_host(host)?;
        self.execute(
            Command::ReadHost {
                array: self.id(),
                distribution: self.distribution().clone(),
                host: host.clone(),
            },
            self.weight(),
        )?;
        Ok(())
    }

    /// Sets all elements from the client's `host`, which has the global shape; casts.
    ///
    /// # Errors
    ///
    /// [`MetaError::Invalid`] when the shapes differ.
    pub fn write_host(&self, host: &Block) -> Result<()> {
        self.check_host(host)?;
        self.execute(
            Command::WriteHost {
                array: self.id(),
                distribution: self.distribution().clone(),
                host: host.clone(),
            },
            self.weight(),
        )?;
        Ok(())
    }

    fn check_host(&self, host: &Block) -> Result<()> {
        if host.shape() == self.shape() {
            return Ok(());
        }
        Err(MetaError::Invalid {
            argument: "host",
            message: format!(
                "its shape {:?} is not that of the array, {:?}",
                host.shape(),
                self.shape()
            ),
        }
        .into())
    }

    /// A new C-contiguous block of the client's with all elements.
    ///
    /// # Errors
    ///
    /// [`SessionError::Kernel`] when memory is short.
    pub fn to_host(&self) -> Result<Block> {
        let host = Block::uninitialised(self.dtype(), self.shape())?;
        self.read_host(&host)?;
        Ok(host)
    }

    /// Fills the array with random numbers; each depends on `key` and its global index alone.
    ///
    /// # Errors
    ///
    /// [`SessionError::Engines`] when the dtype does not fit the variate.
    pub fn fill_random(&self, variate: Variate, key: [u64; 2]) -> Result<()> {
        self.execute(Command::Random { array: self.id(), variate, key }, self.weight())?;
        Ok(())
    }
}
