//! What runs a graph: the runtime we carry, or one the user brought.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rten::{NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_onnx::onnx::ModelProto;
use rten_tensor::Layout;

use crate::file::{File, write};
use crate::tensor::{Data, Tensor};
use crate::{Error, rewrite};

/// The runtime we carry, with its version.
pub(crate) const RTEN: &str = "rten 0.27";

/// A graph on its way through one thread.
pub(crate) trait Session: Send {
    /// Computes some outputs. Inputs and outputs go by their places in the file.
    fn run(
        &mut self,
        inputs: Vec<(usize, Tensor)>,
        outputs: &[usize],
    ) -> Result<Vec<Tensor>, String>;
}

/// A graph in the hands of a runtime, from which sessions are had.
pub(crate) trait Runtime: Send + Sync {
    /// To be called, and its session to be used, within [`Runtime::host`].
    fn session(&self) -> Result<Box<dyn Session>, String>;

    /// Calls `work` on the thread where sessions run best.
    fn host(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }

    /// The runtime, with its version.
    fn engine(&self) -> String;

    /// What computes.
    fn device(&self) -> String {
        "CPU".to_owned()
    }
}

/// The words of a panic, which must not get out of a runtime.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(words.unwrap_or("it panicked").to_owned())
    })
}

thread_local! {
    /// The pool this thread belongs to. A graph that runs in it needs no change of
    /// threads, which costs several times what a small graph does.
    static POOL: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) };
}

/// Lets go of the pool, so that it ends with its last session, whatever happened.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        POOL.set(None);
    }
}

/// A graph as rten runs it.
pub(crate) struct Rten {
    model: Arc<rten::Model>,
    inputs: Arc<[NodeId]>,
    outputs: Arc<[NodeId]>,
}

impl Rten {
    /// `rewrites`: whether to replace what it runs slowly.
    pub(crate) fn load(file: &File, rewrites: bool) -> Result<Self, Error> {
        let said = |said| Error::Runtime { engine: RTEN.to_owned(), said };
        // A tree of its own, for the user's runtime gets the one that was checked.
        let bytes = file.bytes()?;
        let mut model = ModelProto::parse_buf(&bytes).map_err(|e| said(e.to_string()))?;
        let mut changes = rewrite::kernels(&mut model);
        if rewrites {
            changes += rewrite::transposed_convolutions(&mut model);
        }
        let bytes = if changes > 0 { write(&model)? } else { bytes };
        drop(model);
        let model = caught(|| rten::Model::load(bytes).map_err(|e| e.to_string())).map_err(said)?;
        let ids = |ports: &[crate::Port]| -> Result<Arc<[NodeId]>, Error> {
            let id =
                |port: &crate::Port| model.node_id(&port.name).map_err(|e| said(e.to_string()));
            ports.iter().map(id).collect()
        };
        let (inputs, outputs) = (ids(&file.inputs)?, ids(&file.outputs)?);
        Ok(Self { inputs, outputs, model: Arc::new(model) })
    }
}

impl Runtime for Rten {
    fn session(&self) -> Result<Box<dyn Session>, String> {
        let pool = POOL.with_borrow(Clone::clone);
        Ok(Box::new(RtenSession {
            model: self.model.clone(),
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
            pool: pool.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1))),
        }))
    }

    fn host(&self, work: &mut (dyn FnMut() + Send)) {
        // Each worker has its own: in one they would wait for each other forever.
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let inside = pool.clone();
        pool.run(move || {
            let _leave = Leave;
            POOL.set(Some(inside));
            work();
        });
    }

    fn engine(&self) -> String {
        RTEN.to_owned()
    }
}

struct RtenSession {
    model: Arc<rten::Model>,
    inputs: Arc<[NodeId]>,
    outputs: Arc<[NodeId]>,
    pool: Arc<ThreadPool>,
}

impl Session for RtenSession {
    fn run(
        &mut self,
        inputs: Vec<(usize, Tensor)>,
        outputs: &[usize],
    ) -> Result<Vec<Tensor>, String> {
        let place = |ids: &[NodeId], i: usize| ids.get(i).copied().ok_or("no such port");
        let fed: Result<Vec<(NodeId, ValueOrView)>, String> = inputs
            .into_iter()
            .map(|(i, tensor)| Ok((place(&self.inputs, i)?, value(tensor)?.into())))
            .collect();
        let wanted: Result<Vec<NodeId>, _> =
            outputs.iter().map(|&i| place(&self.outputs, i)).collect();
        let (fed, wanted) = (fed?, wanted?);
        let options = RunOptions::default().with_thread_pool(Some(self.pool.clone()));
        let run = || self.model.run(fed, &wanted, Some(options)).map_err(|e| e.to_string());
        caught(run)?.into_iter().map(tensor).collect()
    }
}

fn value(tensor: Tensor) -> Result<Value, String> {
    let Tensor { shape, data } = tensor;
    match data {
        Data::Float(data) => Value::from_shape(&shape[..], data).map_err(|e| e.to_string()),
        Data::Int(data) => {
            // It knows integers of this width only.
            let narrow = |n: i64| n.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
            let data: Vec<i32> = data.into_iter().map(narrow).collect();
            Value::from_shape(&shape[..], data).map_err(|e| e.to_string())
        }
    }
}

fn tensor(value: Value) -> Result<Tensor, String> {
    match value {
        Value::FloatTensor(tensor) => {
            let shape = tensor.shape().to_vec();
            Ok(Tensor { shape, data: Data::Float(tensor.into_data()) })
        }
        Value::Int32Tensor(tensor) => {
            let shape = tensor.shape().to_vec();
            let data = tensor.into_data().into_iter().map(i64::from).collect();
            Ok(Tensor { shape, data: Data::Int(data) })
        }
        other => Err(format!("expected floats or integers, found {}", other.dtype())),
    }
}
