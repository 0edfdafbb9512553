//! A graph at the level of tensors, for what is no effect.

use std::sync::Arc;

use crate::file::{File, Port};
use crate::session::{Rten, Runtime, Session};
use crate::tensor::Tensor;
use crate::{Error, Options, native};

/// A checked graph that takes and gives named tensors: one whose output is a pitch, a
/// label or anything else but sound. For sound, see [`load`](crate::load).
pub struct Graph {
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    session: Box<dyn Session>,
    runtime: Arc<dyn Runtime>,
    notices: Vec<String>,
}

impl Graph {
    /// Reads a graph and hands it to a runtime.
    ///
    /// # Errors
    /// As [`load`](crate::load), except that nothing is asked of its inputs and outputs.
    pub fn load(bytes: &[u8], options: &Options) -> Result<Self, Error> {
        let file = File::read(bytes)?;
        let mut notices = Vec::new();
        for runtime in native::runtimes(&file, options, &mut notices) {
            match runtime.session() {
                Ok(session) => return Ok(Self::new(file, session, runtime, notices)),
                Err(said) => notices.push(format!("{}: {said}", runtime.engine())),
            }
        }
        let runtime: Arc<dyn Runtime> = Arc::new(Rten::load(&file, true)?);
        let said = |said| Error::Runtime { engine: runtime.engine(), said };
        let session = runtime.session().map_err(said)?;
        Ok(Self::new(file, session, runtime, notices))
    }

    fn new(
        file: File,
        session: Box<dyn Session>,
        runtime: Arc<dyn Runtime>,
        notices: Vec<String>,
    ) -> Self {
        Self { inputs: file.inputs, outputs: file.outputs, session, runtime, notices }
    }

    /// What it takes.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// What it gives.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// What runs it, and on what.
    pub fn engine(&self) -> String {
        format!("{} on {}", self.runtime.engine(), self.runtime.device())
    }

    /// Why that is not what was asked for, a sentence each.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Calls `work` on the thread where the graph runs best, for many runs in a row.
    ///
    /// # Errors
    /// In the words of the runtime, if it cannot run there.
    pub fn host(&mut self, work: &mut (dyn FnMut(&mut Self) + Send)) -> Result<(), Error> {
        let runtime = self.runtime.clone();
        let mut session = Ok(());
        runtime.host(&mut || {
            session = runtime.session().map(|session| self.session = session);
            if session.is_ok() {
                work(self);
            }
        });
        session.map_err(|said| Error::Runtime { engine: self.runtime.engine(), said })
    }

    /// Computes the named outputs from the named inputs, on this thread.
    ///
    /// # Errors
    /// If there is no such input or output, or in the words of the runtime.
    pub fn run(
        &mut self,
        inputs: Vec<(&str, Tensor)>,
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, Error> {
        let place = |ports: &[Port], what: &str, name: &str| {
            ports.iter().position(|port| port.name == name).ok_or_else(|| {
                let names: Vec<&str> = ports.iter().map(|p| p.name.as_str()).collect();
                Error::invalid(what, format!("one of {}", names.join(", ")), name)
            })
        };
        let inputs: Result<Vec<_>, Error> = inputs
            .into_iter()
            .map(|(name, tensor)| Ok((place(&self.inputs, "input", name)?, tensor)))
            .collect();
        let outputs: Result<Vec<_>, Error> =
            outputs.iter().map(|name| place(&self.outputs, "output", name)).collect();
        let (inputs, outputs) = (inputs?, outputs?);
        let (session, runtime) = (&mut self.session, &self.runtime);
        session
            .run(inputs, &outputs)
            .map_err(|said| Error::Runtime { engine: runtime.engine(), said })
    }
}

#[cfg(test)]
#[path = "graph_tests.rs"]
pub(crate) mod tests;
