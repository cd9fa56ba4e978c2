//! The threads of one arm, and the two stages that are measured.

use std::io;
use std::marker::PhantomData;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use corepool::buffer::BufferStats;

use crate::check;
use crate::count::Allocs;
use crate::fail::{Failure, Result};
use crate::payload::Payload;
use crate::service::{self, Tally};
use crate::stack::Stack;
use crate::wire::HEADER;

/// The records to send: `messages` of them from the one at `first`, each `step` after the last.
#[derive(Clone, Copy)]
pub struct Job {
    pub first: usize,
    pub step: usize,
    pub messages: usize,
}

/// The time and the allocations of a job.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub messages: u64,
    pub time: Duration,
    pub allocs: Allocs,
}

impl Cost {
    /// Adds the time and the allocations of `f`.
    fn measure<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let (before, start) = (Allocs::now(), Instant::now());
        let result = f();
        self.time += start.elapsed();
        self.allocs += Allocs::now() - before;
        result
    }
}

/// A [`Fleet`] of any stack.
pub trait Bench {
    fn name(&self) -> &'static str;
    fn stats(&self) -> Option<BufferStats>;

    /// Encodes and decodes each record once, on the calling thread.
    fn codec(&mut self, job: Job) -> Result<Cost>;

    /// Sends the records from all clients at the same time, and receives the answers.
    fn call(&mut self, job: Job) -> Result<Cost>;

    /// Closes the connections and waits for the threads.
    fn finish(self: Box<Self>) -> Result<()>;
}

type Outcome = std::result::Result<Cost, String>;

pub struct Fleet<S> {
    payload: Arc<Payload>,
    clients: Vec<ClientThread>,
    servers: Vec<JoinHandle<thrift::Result<()>>>,
    tally: Arc<Tally>,
    calls: u64,
    stack: PhantomData<S>,
}

struct ClientThread {
    jobs: Sender<Job>,
    outcomes: Receiver<Outcome>,
    thread: JoinHandle<()>,
}

impl<S: Stack> Fleet<S> {
    /// Starts `clients` clients, and a server thread for the connection of each.
    pub fn start(
        listener: &TcpListener,
        payload: &Arc<Payload>,
        clients: usize,
    ) -> Result<Box<dyn Bench>> {
        let failed = |e: io::Error| Failure::run(format!("cannot start a thread: {e}"));
        // A client and its server can each hold a buffer; the codec stage holds one.
        S::prepare(2 * clients + 1);
        let mut fleet = Fleet::<S> {
            payload: payload.clone(),
            clients: Vec::new(),
            servers: Vec::new(),
            tally: Arc::default(),
            calls: 0,
            stack: PhantomData,
        };
        for _ in 0..clients {
            let (ours, theirs) = check::connect(listener)?;
            let tally = fleet.tally.clone();
            let serve = move || S::serve(theirs, &tally);
            let server = thread::Builder::new().spawn(serve).map_err(failed)?;
            fleet.servers.push(server);
            let client = ClientThread::start::<S>(ours, payload.clone()).map_err(failed)?;
            fleet.clients.push(client);
        }
        Ok(Box::new(fleet))
    }
}

impl ClientThread {
    fn start<S: Stack>(stream: TcpStream, payload: Arc<Payload>) -> io::Result<ClientThread> {
        let (jobs, inbox) = mpsc::channel();
        let (outbox, outcomes) = mpsc::channel();
        let work = move || {
            let mut client = S::client(stream).map_err(|e| e.to_string());
            for job in inbox {
                let outcome = match &mut client {
                    Ok(client) => echo_all::<S>(client, &payload, job),
                    Err(e) => Err(e.clone()),
                };
                if outbox.send(outcome).is_err() {
                    break;
                }
            }
        };
        Ok(ClientThread { jobs, outcomes, thread: thread::Builder::new().spawn(work)? })
    }
}

fn echo_all<S: Stack>(client: &mut S::Client, payload: &Payload, job: Job) -> Outcome {
    let mut cost = Cost::default();
    for i in 0..job.messages {
        let record = payload.record(job.first + i * job.step);
        // A generated client takes the record by value.
        let message = S::own(record);
        let reply = cost.measure(|| S::echo(client, message));
        let reply = reply.map_err(|e| format!("{} got no echo: {e}", service::name(record)))?;
        check::compare(record, &S::common(&reply))?;
        // If the reply consists of slices of a buffer, this releases the buffer.
        cost.measure(|| drop(reply));
        cost.messages += 1;
    }
    Ok(cost)
}

impl<S: Stack> Bench for Fleet<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn stats(&self) -> Option<BufferStats> {
        S::stats()
    }

    fn codec(&mut self, job: Job) -> Result<Cost> {
        let mut cost = Cost::default();
        let mut wire = Vec::with_capacity(HEADER + self.payload.largest_bytes);
        for i in 0..job.messages {
            let record = self.payload.record(job.first + i * job.step);
            let message = S::own(record);
            let decoded = cost.measure(|| S::through_memory(&message, &mut wire));
            let decoded = decoded.map_err(|e| {
                let name = service::name(record);
                Failure::run(format!("{}: {name} was not decoded: {e}", S::NAME))
            })?;
            check::compare(record, &S::common(&decoded))
                .map_err(|e| Failure::run(format!("{}: {e}", S::NAME)))?;
            cost.measure(|| drop(decoded));
            cost.messages += 1;
        }
        Ok(cost)
    }

    fn call(&mut self, job: Job) -> Result<Cost> {
        let failed = |e: String| Failure::run(format!("{}: {e}", S::NAME));
        let gone = || failed("a client thread is gone".to_string());
        let before = self.tally.after(self.calls);
        // The clients start at different records, so that they do not all send the same one.
        let apart = self.payload.records.len() / self.clients.len();
        for (i, client) in self.clients.iter().enumerate() {
            let first = job.first + i * apart * job.step;
            client.jobs.send(Job { first, ..job }).map_err(|_| gone())?;
        }
        let mut total = Cost::default();
        for client in &self.clients {
            let cost = client.outcomes.recv().map_err(|_| gone())?.map_err(failed)?;
            total.messages += cost.messages;
            total.time += cost.time;
            total.allocs += cost.allocs;
        }
        self.calls += total.messages;
        total.allocs += self.tally.after(self.calls) - before;
        Ok(total)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut sound = true;
        for ClientThread { jobs, thread, .. } in self.clients {
            drop(jobs);
            sound &= thread.join().is_ok();
        }
        for server in self.servers {
            sound &= matches!(server.join(), Ok(Ok(())));
        }
        if sound {
            return Ok(());
        }
        Err(Failure::run(format!("{}: a thread failed", S::NAME)))
    }
}
