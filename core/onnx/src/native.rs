//! ONNX Runtime, where the user has it.
//!
//! Its library is loaded at run time, once per process, from the path the user names:
//! some systems come with an old one that would win a search by name.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep;
use ort::session::Session as OrtModel;
use ort::value::{DynValue, Tensor as OrtTensor};

use crate::file::{Element, File, Port};
use crate::session::{Runtime, Session, caught};
use crate::tensor::{Data, Tensor};
use crate::{Options, Provider};

/// The library this process has loaded. It stays: what is loaded cannot be taken out
/// while anything of it may run.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// The runtimes to try in this order before the one we carry. Says why there are none
/// where the user asked for one.
pub(crate) fn runtimes(
    file: &File,
    options: &Options,
    notices: &mut Vec<String>,
) -> Vec<Arc<dyn Runtime>> {
    let Some(path) = &options.library else { return Vec::new() };
    let ready = environment(path)
        .and_then(|environment| Ok((environment, file.bytes().map_err(|e| e.to_string())?)));
    match ready {
        Ok((environment, bytes)) => {
            let (bytes, ports) = (Arc::<[u8]>::from(bytes), Arc::new(Ports::of(file)));
            let runtime = |&provider| {
                let (environment, bytes) = (environment.clone(), bytes.clone());
                let ports = ports.clone();
                Arc::new(Native { environment, bytes, ports, provider }) as Arc<dyn Runtime>
            };
            options.providers.iter().map(runtime).collect()
        }
        Err(said) => {
            notices.push(format!("ONNX Runtime: {said}"));
            Vec::new()
        }
    }
}

fn environment(path: &Path) -> Result<Environment, String> {
    if !path.is_absolute() {
        return Err(format!("library: expected an absolute path, found {}", path.display()));
    }
    let path = path
        .canonicalize()
        .map_err(|e| format!("library: expected ONNX Runtime at {}, found: {e}", path.display()))?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*loaded {
        Some((at, environment)) if *at == path => Ok(environment.clone()),
        Some((at, _)) => Err(format!(
            "library: expected {}, which this process has loaded, found {}; restart to change it",
            at.display(),
            path.display()
        )),
        None => {
            let environment = caught(|| {
                let builder = ort::init_from(&path).map_err(|e| e.to_string())?;
                let builder = builder.with_name("kiln").with_telemetry(false);
                builder.build().map_err(|e| e.to_string())
            });
            let environment = environment.map_err(|said| {
                format!("library: expected ONNX Runtime at {}, found: {said}", path.display())
            })?;
            *loaded = Some((path, environment.clone()));
            Ok(environment)
        }
    }
}

struct Ports {
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl Ports {
    fn of(file: &File) -> Self {
        Self { inputs: file.inputs.clone(), outputs: file.outputs.clone() }
    }
}

struct Native {
    environment: Environment,
    bytes: Arc<[u8]>,
    ports: Arc<Ports>,
    provider: Provider,
}

impl Runtime for Native {
    fn session(&self) -> Result<Box<dyn Session>, String> {
        let provider = match self.provider {
            Provider::Cuda => Some(ep::CUDA::default().build()),
            Provider::CoreMl => Some(ep::CoreML::default().build()),
            Provider::DirectMl => Some(ep::DirectML::default().build()),
            Provider::Cpu => None,
        };
        let model = caught(|| {
            let builder = OrtModel::builder(&self.environment).map_err(|e| e.to_string())?;
            let builder = builder.with_intra_threads(1).map_err(|e| e.to_string())?;
            let builder = builder.with_inter_threads(1).map_err(|e| e.to_string())?;
            let mut builder = builder.with_intra_op_spinning(false).map_err(|e| e.to_string())?;
            if let Some(provider) = provider {
                // Without this it would say nothing and compute on the CPU.
                let strict = [provider.error_on_failure()];
                builder = builder.with_execution_providers(strict).map_err(|e| e.to_string())?;
            }
            builder.commit_from_memory(&self.bytes).map_err(|e| e.to_string())
        });
        let model = model.map_err(|said| format!("{:?}: {said}", self.provider))?;
        Ok(Box::new(NativeSession { model, ports: self.ports.clone() }))
    }

    fn engine(&self) -> String {
        let info = caught(|| Ok(ort::info())).unwrap_or_default();
        let version = info.split("git-branch=").nth(1).and_then(|rest| rest.split(',').next());
        match version.and_then(|v| v.strip_prefix("rel-")) {
            Some(version) => format!("ONNX Runtime {version}"),
            None => "ONNX Runtime".to_owned(),
        }
    }

    fn device(&self) -> String {
        match self.provider {
            Provider::Cpu => "CPU",
            Provider::Cuda => "graphics card (CUDA)",
            Provider::CoreMl => "CoreML",
            Provider::DirectMl => "graphics card (DirectML)",
        }
        .to_owned()
    }
}

struct NativeSession {
    model: OrtModel,
    ports: Arc<Ports>,
}

impl Session for NativeSession {
    fn run(
        &mut self,
        inputs: Vec<(usize, Tensor)>,
        outputs: &[usize],
    ) -> Result<Vec<Tensor>, String> {
        let Self { model, ports } = self;
        let fed: Result<Vec<(&str, DynValue)>, String> = inputs
            .into_iter()
            .map(|(i, tensor)| {
                let port = ports.inputs.get(i).ok_or("no such input")?;
                Ok((port.name.as_str(), value(port.element, tensor)?))
            })
            .collect();
        let fed = fed?;
        caught(|| {
            let all = model.run(fed).map_err(|e| e.to_string())?;
            let wanted = outputs.iter().map(|&i| {
                let port = ports.outputs.get(i).ok_or("no such output")?;
                tensor(all.get(&port.name).ok_or("it left an output out")?)
            });
            wanted.collect()
        })
    }
}

fn value(element: Element, tensor: Tensor) -> Result<DynValue, String> {
    let Tensor { shape, data } = tensor;
    let narrow = |n: i64| n.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    let value = match (data, element) {
        (Data::Float(data), Element::F32) => {
            OrtTensor::from_array((shape, data)).map(OrtTensor::into_dyn)
        }
        (Data::Int(data), Element::I64) => {
            OrtTensor::from_array((shape, data)).map(OrtTensor::into_dyn)
        }
        (Data::Int(data), Element::I32) => {
            let data: Vec<i32> = data.into_iter().map(narrow).collect();
            OrtTensor::from_array((shape, data)).map(OrtTensor::into_dyn)
        }
        (Data::Int(data), Element::Bool) => {
            let data: Vec<bool> = data.into_iter().map(|n| n != 0).collect();
            OrtTensor::from_array((shape, data)).map(OrtTensor::into_dyn)
        }
        (_, element) => return Err(format!("expected another tensor for {element:?}")),
    };
    value.map_err(|e| e.to_string())
}

fn tensor(value: &DynValue) -> Result<Tensor, String> {
    let lengths = |shape: &[i64]| shape.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
    if let Ok((shape, data)) = value.try_extract_tensor::<f32>() {
        return Ok(Tensor { shape: lengths(shape), data: Data::Float(data.to_vec()) });
    }
    // As the runtime we carry does.
    if let Ok((shape, data)) = value.try_extract_tensor::<f64>() {
        let data = data.iter().map(|&x| x as f32).collect();
        return Ok(Tensor { shape: lengths(shape), data: Data::Float(data) });
    }
    if let Ok((shape, data)) = value.try_extract_tensor::<i64>() {
        return Ok(Tensor { shape: lengths(shape), data: Data::Int(data.to_vec()) });
    }
    if let Ok((shape, data)) = value.try_extract_tensor::<i32>() {
        let data = data.iter().map(|&n| n.into()).collect();
        return Ok(Tensor { shape: lengths(shape), data: Data::Int(data) });
    }
    let (shape, data) = value.try_extract_tensor::<bool>().map_err(|e| e.to_string())?;
    let data = data.iter().map(|&n| n.into()).collect();
    Ok(Tensor { shape: lengths(shape), data: Data::Int(data) })
}
