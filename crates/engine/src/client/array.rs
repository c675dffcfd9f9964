//! The handle of a distributed array.

use std::fmt;
use std::sync::Arc;

use distarray_kernels::{Block, DType, Scalar};
use distarray_meta::{Distribution, IndexItem, MetaError};

use super::evaluation;
use super::node::Node;
use crate::command::Item;
use crate::error::{Result, SessionError};
use crate::{ArrayId, Command, Initial, Reply, Session};

/// The handle of a distributed array: its layout, its dtype, and where its engines are. Cheap to
/// clone; the pieces are freed with the last handle.
///
/// The elements may be still to be computed: whatever needs them has that done.
pub struct Array {
    node: Arc<Node>,
}

impl Clone for Array {
    fn clone(&self) -> Self {
        Self::from(self.node.clone())
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        self.node.remove_handle();
    }
}

impl From<Arc<Node>> for Array {
    fn from(node: Arc<Node>) -> Self {
        node.add_handle();
        Self { node }
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(formatter)
    }
}

/// Handles that don't count for a while, see [`Array::passing`].
#[derive(Debug)]
pub struct Passing {
    node: Arc<Node>,
    handles: usize,
}

impl Drop for Passing {
    fn drop(&mut self) {
        for _ in 0..self.handles {
            self.node.add_handle();
        }
    }
}

impl Array {
    /// The handle of pieces that are (or are about to be) on the engines under the name `id`.
    /// `base` is the array whose memory they share, if they do.
    pub fn adopt(
        session: &Arc<dyn Session>,
        id: ArrayId,
        distribution: Distribution,
        dtype: DType,
        base: Option<&Self>,
    ) -> Self {
        let memory = base.map(|base| base.node.memory.clone()).unwrap_or_default();
        Node::stored(session, id, distribution, dtype, memory).into()
    }

    /// A handle with a new name; its pieces are to be made by the next command.
    pub(super) fn named(
        session: &Arc<dyn Session>,
        distribution: Distribution,
        dtype: DType,
    ) -> Self {
        Self::adopt(session, session.new_array_id(), distribution, dtype, None)
    }

    /// A handle of a view of this array, which the next command is to make.
    fn named_view(&self, distribution: Distribution, dtype: DType) -> Self {
        let session = self.session();
        Self::adopt(session, session.new_array_id(), distribution, dtype, Some(self))
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Whether the elements are still to be computed.
    pub fn is_pending(&self) -> bool {
        self.node.id().is_none()
    }

    /// Whether the elements are outside of the engines' memory, in large arrays, or are still to be
    /// computed from such.
    pub fn is_outside(&self) -> bool {
        self.node.memory.is_outside()
    }

    /// Says that the elements are outside, and more than is kept in memory.
    pub fn set_outside(&self) {
        self.node.memory.set_outside(true);
    }

    /// The name on the engines; computes the elements first, if they are not there.
    ///
    /// # Errors
    ///
    /// [`SessionError::Engines`] when memory is short.
    pub fn id(&self) -> Result<ArrayId> {
        if let Some(id) = self.node.id() {
            return Ok(id);
        }
        evaluation::evaluate(std::slice::from_ref(&self.node))?;
        let unstored = || SessionError::Value("an array was evaluated but not stored".to_owned());
        self.node.id().ok_or_else(unstored)
    }

    /// Computes the elements of several arrays, unless they are there. Those of one layout are
    /// computed together: what they have in common once.
    ///
    /// # Errors
    ///
    /// [`SessionError::Engines`] when memory is short.
    pub fn evaluate(arrays: &[&Self]) -> Result<()> {
        let nodes: Vec<Arc<Node>> = arrays.iter().map(|array| array.node.clone()).collect();
        evaluation::evaluate(&nodes)
    }

    /// The name on the engines, for a command that writes to the elements: whatever is still to be
    /// computed from what they are now is computed first.
    pub(super) fn written(&self) -> Result<ArrayId> {
        let id = self.id()?;
        self.settle_readers()?;
        Ok(id)
    }

    fn settle_readers(&self) -> Result<()> {
        let readers = self.node.memory.held_readers();
        if readers.is_empty() { Ok(()) } else { evaluation::evaluate(&readers) }
    }

    /// Says that the elements may change without commands, because somebody has a view of a piece.
    /// From now on, what is computed from them is computed at once.
    ///
    /// # Errors
    ///
    /// As [`Array::id`].
    pub fn expose(&self) -> Result<()> {
        self.written()?;
        self.node.memory.expose();
        Ok(())
    }

    /// Says that `handles` handles of this array go soon: until the result is dropped, the array
    /// counts as one that nobody will ask for, and is not stored if it can be avoided.
    pub fn passing(&self, handles: usize) -> Passing {
        for _ in 0..handles {
            self.node.remove_handle();
        }
        Passing { node: self.node.clone(), handles }
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
        let id = array.id()?;
        let weight = match initial {
            Initial::Uninitialised => 0,
            _ => array.weight(),
        };
        array.execute(
            Command::Create {
                array: id,
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

    /// The layout.
    pub fn distribution(&self) -> &Distribution {
        &self.node.distribution
    }

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.node.dtype
    }

    /// The global shape.
    pub fn shape(&self) -> &[usize] {
        self.node.distribution.shape()
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    pub fn size(&self) -> usize {
        self.node.distribution.global_size()
    }

    /// The session of the engines.
    pub fn session(&self) -> &Arc<dyn Session> {
        &self.node.session
    }

    /// Whether both arrays live on engines of one session.
    pub fn same_session(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.session(), other.session())
    }

    /// About how many bytes one engine holds.
    pub(super) fn weight(&self) -> usize {
        self.size() * self.dtype().itemsize() / self.distribution().ranks().max(1)
    }

    /// Whether so little is computed at once, by the caller's own thread.
    pub fn is_small(&self) -> bool {
        self.session().is_small(self.weight())
    }

    /// Sends a command to the engines that hold pieces of this array.
    pub(super) fn execute(&self, command: Command, weight: usize) -> Result<Vec<Reply>> {
        evaluation::execute(self.session(), self.distribution(), command, weight)
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
        let array = self.written()?;
        self.execute(Command::Fill { array, item: item.into() }, self.weight())?;
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
        let base = self.id()?;
        let view = self.named_view(sliced.distribution.clone(), self.dtype());
        view.execute(Command::Slice { array: view.id()?, base, sliced }, 0)?;
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
        let base = self.id()?;
        let distribution = self.distribution().permute_axes(order);
        let view = self.named_view(distribution.clone(), self.dtype());
        let array = view.id()?;
        view.execute(Command::Transpose { array, base, order: order.to_vec(), distribution }, 0)?;
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
        let base = self.id()?;
        let view = self.named_view(distribution.clone(), dtype);
        let array = view.id()?;
        view.execute(Command::Reinterpret { array, base, dtype, distribution }, 0)?;
        Ok(view)
    }

    /// A view of the same memory that can't be written to.
    ///
    /// # Errors
    ///
    /// As [`Array::id`].
    pub fn frozen(&self) -> Result<Self> {
        let base = self.id()?;
        let distribution = self.distribution().clone();
        let view = self.named_view(distribution.clone(), self.dtype());
        let array = view.id()?;
        view.execute(Command::Freeze { array, base, distribution }, 0)?;
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
        let command = Command::ReadItem { array: self.id()?, position };
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
        let array = self.id()?;
        self.execute(
            Command::ReadHost {
                array,
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
        let array = self.written()?;
        self.execute(
            Command::WriteHost {
                array,
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
}
