//! The threads of one arm, and the two stages that are measured.

use std::io;
use std::marker::PhantomData;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use corepool::buffer::BufferStats;

use crate::arms::Arm;
use crate::check;
use crate::count::Allocs;
use crate::echo::{Record, TEchoSyncClient};
use crate::fail::{Failure, Result};
use crate::payload::Payload;
use crate::service::{self, Client, Tally};
use crate::wire::{FrameReader, FrameWriter, HEADER};

/// The records to send: `messages` of them from the one at `first`, each `step` after the last.
#[derive(Clone, Copy)]
pub struct Job {
    pub first: usize,
    pub step: usize,
    pub messages: usize,
}

/// What a job took.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub messages: u64,
    pub time: Duration,
    pub allocs: Allocs,
}

impl Cost {
    fn add(&mut self, time: Duration, allocs: Allocs) {
        self.messages += 1;
        self.time += time;
        self.allocs += allocs;
    }
}

/// A [`Fleet`], whatever its arm.
pub trait Bench {
    fn name(&self) -> &'static str;
    fn stats(&self) -> Option<BufferStats>;

    /// Encodes and decodes each record once, on the calling thread.
    fn codec(&mut self, job: Job) -> Result<Cost>;

    /// Has every client echo the records, all clients at the same time.
    fn call(&mut self, job: Job) -> Result<Cost>;

    /// Closes the connections and waits for the threads.
    fn finish(self: Box<Self>) -> Result<()>;
}

type Outcome = std::result::Result<Cost, String>;

pub struct Fleet<A> {
    payload: Arc<Payload>,
    clients: Vec<ClientThread>,
    servers: Vec<JoinHandle<thrift::Result<()>>>,
    tally: Arc<Tally>,
    calls: u64,
    arm: PhantomData<A>,
}

struct ClientThread {
    jobs: Sender<Job>,
    outcomes: Receiver<Outcome>,
    thread: JoinHandle<()>,
}

impl<A: Arm> Fleet<A> {
    /// Starts `clients` clients, and a server thread for the connection of each.
    pub fn start(
        listener: &TcpListener,
        payload: &Arc<Payload>,
        clients: usize,
    ) -> Result<Box<dyn Bench>> {
        let failed = |e: io::Error| Failure::run(format!("cannot start a thread: {e}"));
        // A client and its server can each hold a buffer; the codec stage holds one.
        A::prepare(2 * clients + 1);
        let mut fleet = Fleet::<A> {
            payload: payload.clone(),
            clients: Vec::new(),
            servers: Vec::new(),
            tally: Arc::default(),
            calls: 0,
            arm: PhantomData,
        };
        for _ in 0..clients {
            let (ours, theirs) = check::connect(listener)?;
            let tally = fleet.tally.clone();
            let serve = move || service::serve::<A>(theirs, &tally);
            let server = thread::Builder::new().spawn(serve).map_err(failed)?;
            fleet.servers.push(server);
            let client = ClientThread::start::<A>(ours, payload.clone()).map_err(failed)?;
            fleet.clients.push(client);
        }
        Ok(Box::new(fleet))
    }
}

impl ClientThread {
    fn start<A: Arm>(stream: TcpStream, payload: Arc<Payload>) -> io::Result<ClientThread> {
        let (jobs, inbox) = mpsc::channel();
        let (outbox, outcomes) = mpsc::channel();
        let work = move || {
            let mut client = service::client::<A>(stream).map_err(|e| e.to_string());
            for job in inbox {
                let outcome = match &mut client {
                    Ok(client) => echo_all(client, &payload, job),
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

fn echo_all<A: Arm>(client: &mut Client<A>, payload: &Payload, job: Job) -> Outcome {
    let mut cost = Cost::default();
    for i in 0..job.messages {
        let record = payload.record(job.first + i * job.step);
        // The generated client takes the record by value.
        let message = record.clone();
        let (before, start) = (Allocs::now(), Instant::now());
        let reply = client.echo(message);
        let (time, allocs) = (start.elapsed(), Allocs::now() - before);
        let reply = reply.map_err(|e| format!("{} got no echo: {e}", service::name(record)))?;
        check::compare(record, &reply)?;
        cost.add(time, allocs);
    }
    Ok(cost)
}

/// One record through the transports of the arm, with `wire` in the place of the socket.
fn through_memory<A: Arm>(record: &Record, wire: &mut Vec<u8>) -> thrift::Result<Record> {
    wire.clear();
    service::write(record, FrameWriter::<A, _>::new(&mut *wire))?;
    service::read(FrameReader::<A, _>::new(&wire[..]))
}

impl<A: Arm> Bench for Fleet<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn stats(&self) -> Option<BufferStats> {
        A::stats()
    }

    fn codec(&mut self, job: Job) -> Result<Cost> {
        let mut cost = Cost::default();
        let mut wire = Vec::with_capacity(HEADER + self.payload.largest_bytes);
        for i in 0..job.messages {
            let record = self.payload.record(job.first + i * job.step);
            let (before, start) = (Allocs::now(), Instant::now());
            let decoded = through_memory::<A>(record, &mut wire);
            let (time, allocs) = (start.elapsed(), Allocs::now() - before);
            let decoded = decoded.map_err(|e| {
                let name = service::name(record);
                Failure::run(format!("{}: {name} was not decoded: {e}", A::NAME))
            })?;
            check::compare(record, &decoded)
                .map_err(|e| Failure::run(format!("{}: {e}", A::NAME)))?;
            cost.add(time, allocs);
        }
        Ok(cost)
    }

    fn call(&mut self, job: Job) -> Result<Cost> {
        let failed = |e: String| Failure::run(format!("{}: {e}", A::NAME));
        let gone = || failed("a client thread is gone".to_string());
        let before = self.tally.after(self.calls);
        // The clients start apart, so that they do not all send the same record.
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
        Err(Failure::run(format!("{}: a thread failed", A::NAME)))
    }
}
