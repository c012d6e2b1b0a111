//! Workers of libprovernet in Rust: a safe cover of the C header `provernet/worker.h`.
//!
//! A worker may be used from any thread; a job belongs to one thread at a time and is given back
//! when it is dropped. Heartbeats are the library's business.
use std::ffi::{CStr, CString};
use std::fmt;
use std::os::raw::{c_char, c_int};
use std::ptr;
use std::time::Duration;

pub mod memory;
pub mod service;
mod sys;

/// What went wrong, as the library says it.
#[derive(Debug, Clone)]
pub struct Error {
    pub status: i32,
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", text(unsafe { sys::provernet_status_name(self.status) }), self.message)
    }
}

impl std::error::Error for Error {}

impl Error {
    /// The process exit code that suits it.
    pub fn exit_code(&self) -> i32 {
        unsafe { sys::provernet_status_exit(self.status) }
    }
    fn invalid(message: &str) -> Self {
        Error { status: -1, message: message.to_string() }
    }
}

pub type Result<T> = std::result::Result<T, Error>;

fn text(p: *const c_char) -> String {
    if p.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

/// NUL bytes cannot cross: they become spaces.
fn c_text(s: &str) -> CString {
    CString::new(s.replace('\0', " ")).expect("there is no NUL left")
}

/// Call with room for the error's detail.
fn call(f: impl FnOnce(*mut sys::RawError) -> sys::Status) -> (sys::Status, Error) {
    let mut raw = sys::RawError { status: 0, cause: 0, message: [0; 248] };
    let status = f(&mut raw);
    raw.message[247] = 0;
    (status, Error { status, message: text(raw.message.as_ptr()) })
}

fn check(f: impl FnOnce(*mut sys::RawError) -> sys::Status) -> Result<()> {
    let (status, error) = call(f);
    if status == sys::OK {
        Ok(())
    } else {
        Err(error)
    }
}

/// The library's version.
pub fn version() -> String {
    text(unsafe { sys::provernet_version() })
}

/// Settings by name, as in docs/configuration.md.
pub struct Options(*mut sys::Options);

impl Options {
    pub fn new() -> Result<Self> {
        let o = unsafe { sys::provernet_options_new() };
        if o.is_null() {
            return Err(Error { status: -2, message: "no memory for options".into() });
        }
        Ok(Options(o))
    }
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let (name, value) = (c_text(name), c_text(value));
        check(|e| unsafe { sys::provernet_options_set(self.0, name.as_ptr(), value.as_ptr(), e) })
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        unsafe { sys::provernet_options_free(self.0) }
    }
}

/// Who a worker is.
pub struct Key(*mut sys::Key);

impl Key {
    pub fn random() -> Result<Self> {
        let mut k = ptr::null_mut();
        check(|e| unsafe { sys::provernet_key_new(&mut k, ptr::null(), e) })?;
        Ok(Key(k))
    }
    /// The key in a file; a random one is made and kept there if there is no such file.
    pub fn kept(path: &str) -> Result<Self> {
        let c = c_text(path);
        if !std::path::Path::new(path).exists() {
            let key = Key::random()?;
            check(|e| unsafe { sys::provernet_key_write(key.0, c.as_ptr(), e) })?;
            return Ok(key);
        }
        let mut k = ptr::null_mut();
        check(|e| unsafe { sys::provernet_key_read(&mut k, c.as_ptr(), e) })?;
        Ok(Key(k))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        unsafe { sys::provernet_key_free(self.0) }
    }
}

/// A device that proves what the library proves itself.
pub struct Engine(*mut sys::Engine);
unsafe impl Send for Engine {}
unsafe impl Sync for Engine {}

impl Engine {
    pub fn open(device: &str, options: &Options) -> Result<Self> {
        let (device, mut out) = (c_text(device), ptr::null_mut());
        check(|e| unsafe { sys::provernet_engine_open(&mut out, device.as_ptr(), options.0, e) })?;
        Ok(Engine(out))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        unsafe { sys::provernet_engine_close(self.0) }
    }
}

/// A worker of a remote server: connects, and connects again after losses, by itself.
pub struct Worker(*mut sys::Worker);
unsafe impl Send for Worker {}
unsafe impl Sync for Worker {}

impl Worker {
    /// Settings read: worker.server (needed), worker.name, worker.kinds, worker.slots,
    /// worker.memory.
    pub fn dial(options: &Options, key: &Key) -> Result<Self> {
        let mut w = ptr::null_mut();
        check(|e| unsafe { sys::provernet_worker_dial(&mut w, options.0, key.0, e) })?;
        Ok(Worker(w))
    }
    /// The next job; None if none came in time. A job must be dropped, done or failed before its
    /// worker goes: the borrow sees to it. Err after a stop (`is_end`) or a final refusal.
    pub fn next(&self, timeout: Option<Duration>) -> Result<Option<Job<'_>>> {
        let ms = timeout.map_or(-1, |t| t.as_millis().min(i64::MAX as u128) as i64);
        let mut j = ptr::null_mut();
        let (status, error) =
            call(|e| unsafe { sys::provernet_worker_next(self.0, &mut j, ms, e) });
        match status {
            sys::OK => Ok(Some(Job { raw: j, _worker: self })),
            sys::AGAIN => Ok(None),
            _ => Err(error),
        }
    }
    /// Take no more jobs; ends the wait in `next`. Any thread.
    pub fn stop(&self) {
        unsafe { sys::provernet_worker_stop(self.0) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        unsafe { sys::provernet_worker_close(self.0) }
    }
}

impl Error {
    /// There is nothing more: the worker was stopped, or refused for good (the message says so).
    pub fn is_end(&self) -> bool {
        self.status == sys::END
    }
}

/// Whose fault a failure is: decides retry and strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Final: no retry helps.
    Input = 1,
    /// Retried elsewhere, a strike for this worker.
    Attempt = 2,
    /// Retried, nobody's strike.
    Surroundings = 3,
}

/// A job in hand. Dropped, it is given back.
pub struct Job<'w> {
    raw: *mut sys::Job,
    _worker: &'w Worker,
}
unsafe impl Send for Job<'_> {}

impl Job<'_> {
    pub fn kind(&self) -> String {
        text(unsafe { sys::provernet_job_kind(self.raw) })
    }
    /// 32 hex digits.
    pub fn id(&self) -> String {
        let id = unsafe { sys::provernet_job_id(self.raw) };
        id.bytes.iter().map(|b| format!("{b:02x}")).collect()
    }
    pub fn deadline_ms(&self) -> i64 {
        unsafe { sys::provernet_job_deadline_ms(self.raw) }
    }
    /// The skin's parameters of the request, as JSON.
    pub fn params(&self) -> String {
        text(unsafe { sys::provernet_job_params(self.raw) })
    }
    /// All bytes of input i (0: the program, then the inputs); None after the last.
    pub fn input(&mut self, i: usize) -> Result<Option<Vec<u8>>> {
        let mut blob = ptr::null_mut();
        let (status, error) =
            call(|e| unsafe { sys::provernet_job_input(self.raw, i, &mut blob, e) });
        match status {
            sys::OK => read_all(blob).map(Some),
            sys::END => Ok(None),
            _ => Err(error),
        }
    }
    /// All inputs, the program first.
    pub fn inputs(&mut self) -> Result<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        while let Some(one) = self.input(all.len())? {
            all.push(one);
        }
        Ok(all)
    }
    /// A new output with these bytes; committed by `done`.
    pub fn output(&mut self, bytes: &[u8]) -> Result<()> {
        let mut blob = ptr::null_mut();
        check(|e| unsafe { sys::provernet_job_output(self.raw, &mut blob, e) })?;
        check(|e| unsafe {
            sys::provernet_blob_write(blob, bytes.as_ptr().cast(), bytes.len(), e)
        })
    }
    /// Report progress (of 1000); false: stop, nobody wants it any more.
    pub fn alive(&mut self, permille: i32, stage: &str) -> bool {
        let stage = c_text(stage);
        let status =
            unsafe { sys::provernet_job_alive(self.raw, permille as c_int, stage.as_ptr()) };
        status != sys::ERR_CANCELLED
    }
    /// Hand it in. Ok: the server has it on disk and checked it. A job of a `verify/...` kind is
    /// done when the proof is right, and failed with `Blame::Input` when it is not.
    pub fn done(self) -> Result<()> {
        let raw = self.into_raw();
        check(|e| unsafe { sys::provernet_job_done(raw, e) })
    }
    /// Give up.
    pub fn fail(self, blame: Blame, why: &str) -> Result<()> {
        let (raw, why) = (self.into_raw(), c_text(why));
        check(|e| unsafe { sys::provernet_job_fail(raw, blame as c_int, why.as_ptr(), e) })
    }
    /// Let the library prove it, if it can: everything from inputs to handing in. Ok(Some(job)):
    /// it cannot, the job is still here.
    pub fn prove(self, engine: &Engine) -> Result<Option<Self>> {
        let (status, error) =
            call(|e| unsafe { sys::provernet_job_prove(self.raw, engine.0, e) });
        if status == sys::ERR_UNSUPPORTED {
            return Ok(Some(self));
        }
        self.into_raw(); /* the library has freed it */
        if status == sys::OK {
            Ok(None)
        } else {
            Err(error)
        }
    }
    fn into_raw(self) -> *mut sys::Job {
        let raw = self.raw;
        std::mem::forget(self);
        raw
    }
}

impl Drop for Job<'_> {
    fn drop(&mut self) {
        let why = c_text("given back");
        unsafe {
            sys::provernet_job_fail(
                self.raw,
                Blame::Surroundings as c_int,
                why.as_ptr(),
                ptr::null_mut(),
            );
        }
    }
}

/// The blob stays the job's.
fn read_all(blob: *mut sys::Blob) -> Result<Vec<u8>> {
    let len = unsafe { sys::provernet_blob_len(blob) };
    let len = usize::try_from(len).map_err(|_| Error::invalid("an input is too long"))?;
    let (mut bytes, mut at) = (vec![0u8; len], 0);
    while at < len {
        let mut got = 0;
        check(|e| unsafe {
            sys::provernet_blob_read(
                blob,
                bytes[at..].as_mut_ptr().cast(),
                len - at,
                &mut got,
                at as u64,
                e,
            )
        })?;
        at += got;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        let mut o = Options::new().unwrap();
        o.set("worker.kinds", "a/b@1").unwrap();
        let e = o.set("worker.kindz", "a/b@1").unwrap_err();
        assert!(e.to_string().starts_with("ERR_CONFIG: "), "{e}");
        assert!(e.message.contains("worker.kinds"), "{e}");
        assert_eq!(e.exit_code(), 4);
    }

    #[test]
    fn a_worker_without_a_server_waits() {
        let mut o = Options::new().unwrap();
        o.set("worker.server", "127.0.0.1:1").unwrap();
        o.set("worker.kinds", "a/b@1").unwrap();
        let w = Worker::dial(&o, &Key::random().unwrap()).unwrap();
        assert!(w.next(Some(Duration::from_millis(50))).map_or(true, |j| j.is_none()));
        w.stop();
        assert!(w.next(None).err().unwrap().is_end());
    }

    #[test]
    fn keys_are_kept() {
        let path = std::env::temp_dir().join(format!("provernet-key-{}", std::process::id()));
        let path = path.to_str().unwrap();
        let _ = std::fs::remove_file(path);
        Key::kept(path).unwrap();
        Key::kept(path).unwrap();
        std::fs::write(path, "not a key").unwrap();
        let error = Key::kept(path).err().unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(error.to_string().starts_with("ERR_KEY_FILE"), "{error}");
    }
}
