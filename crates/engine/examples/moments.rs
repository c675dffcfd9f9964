//! The engines without Python: an array over four engines, computed on, redistributed, reduced.
//!
//! Run with `cargo run --example moments -p distarray-engine`.

use std::sync::Arc;

use distarray_engine::client::{Elementwise, Policy, PythonScalar, Reduce, affine};
use distarray_engine::{Array, Session, SessionError, ThreadSession};
use distarray_kernels::{DType, Op, Reduction, Scalar};
use distarray_meta::{AxisMap, Distribution};

fn main() -> Result<(), SessionError> {
    let session: Arc<dyn Session> = ThreadSession::start(4);
    let engines = vec![0, 1, 2, 3];
    let blocks = Distribution::new(vec![AxisMap::block(1_000_000, 4)], engines.clone())?;
    let cyclic = Distribution::new(vec![AxisMap::cyclic(1_000_000, 4)], engines)?;

    // 0, 1, 2, ... in blocks, and their squares.
    let numbers = affine(&session, blocks, DType::Float64, Scalar::from(0.0), Scalar::from(1.0))?;
    let operands = [(&numbers).into(), PythonScalar::Integer(2).into()];
    let (squares, _) = Elementwise::new(Op::Power, &operands).run(&Policy::ALLOW)?;

    // Another layout holds the same elements.
    let dealt = squares.redistribute(cyclic)?;
    for array in [&squares, &dealt] {
        let (mean, _) = Reduce::new(Reduction::Mean, &[true]).run(array, &Policy::ALLOW)?;
        println!("mean of squares: {}", value(&mean)?);
    }
    let last = dealt.item(&[999_999])?;
    println!("last square: {}", last.scalar().map_or(f64::NAN, |scalar| scalar.as_f64()));
    Ok(())
}

fn value(array: &Array) -> Result<f64, SessionError> {
    Ok(array.to_host()?.read(&[]).as_f64())
}
