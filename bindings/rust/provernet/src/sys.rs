//! The part of provernet/worker.h and its headers that is used here, written by hand.
use std::os::raw::{c_char, c_int, c_void};

pub type Status = i32;
pub const OK: Status = 0;
pub const AGAIN: Status = 1;
pub const END: Status = 2;
pub const ERR_CANCELLED: Status = -5;
pub const ERR_UNSUPPORTED: Status = -11;

#[repr(C)]
pub struct RawError {
    pub status: i32,
    pub cause: i32,
    pub message: [c_char; 248],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct RawId {
    pub bytes: [u8; 16],
}

macro_rules! opaque {
    ($($name:ident),*) => { $(#[repr(C)] pub struct $name { _private: [u8; 0] })* };
}
opaque!(Options, Key, Worker, Job, Blob, Engine);

extern "C" {
    pub fn provernet_version() -> *const c_char;
    pub fn provernet_status_name(s: Status) -> *const c_char;
    pub fn provernet_status_exit(s: Status) -> c_int;
    pub fn provernet_options_new() -> *mut Options;
    pub fn provernet_options_free(o: *mut Options);
    pub fn provernet_options_set(
        o: *mut Options,
        name: *const c_char,
        value: *const c_char,
        err: *mut RawError,
    ) -> Status;
    pub fn provernet_key_read(out: *mut *mut Key, path: *const c_char, err: *mut RawError) -> Status;
    pub fn provernet_key_new(out: *mut *mut Key, secret32: *const u8, err: *mut RawError) -> Status;
    pub fn provernet_key_write(k: *const Key, path: *const c_char, err: *mut RawError) -> Status;
    pub fn provernet_key_free(k: *mut Key);
    pub fn provernet_engine_open(
        out: *mut *mut Engine,
        device: *const c_char,
        o: *const Options,
        err: *mut RawError,
    ) -> Status;
    pub fn provernet_engine_close(e: *mut Engine);
    pub fn provernet_blob_write(
        b: *mut Blob,
        data: *const c_void,
        len: usize,
        err: *mut RawError,
    ) -> Status;
    pub fn provernet_blob_read(
        b: *mut Blob,
        buf: *mut c_void,
        cap: usize,
        got: *mut usize,
        offset: u64,
        err: *mut RawError,
    ) -> Status;
    pub fn provernet_blob_len(b: *const Blob) -> u64;
    pub fn provernet_worker_dial(
        out: *mut *mut Worker,
        o: *const Options,
        k: *const Key,
        err: *mut RawError,
    ) -> Status;
    pub fn provernet_worker_next(
        w: *mut Worker,
        out: *mut *mut Job,
        timeout_ms: i64,
        err: *mut RawError,
    ) -> Status;
    pub fn provernet_worker_stop(w: *mut Worker);
    pub fn provernet_worker_close(w: *mut Worker);
    pub fn provernet_job_kind(j: *const Job) -> *const c_char;
    pub fn provernet_job_id(j: *const Job) -> RawId;
    pub fn provernet_job_deadline_ms(j: *const Job) -> i64;
    pub fn provernet_job_params(j: *const Job) -> *const c_char;
    pub fn provernet_job_input(
        j: *mut Job,
        i: usize,
        out: *mut *mut Blob,
        err: *mut RawError,
    ) -> Status;
    pub fn provernet_job_output(j: *mut Job, out: *mut *mut Blob, err: *mut RawError) -> Status;
    pub fn provernet_job_alive(j: *mut Job, permille: c_int, stage: *const c_char) -> Status;
    pub fn provernet_job_done(j: *mut Job, err: *mut RawError) -> Status;
    pub fn provernet_job_fail(
        j: *mut Job,
        blame: c_int,
        why: *const c_char,
        err: *mut RawError,
    ) -> Status;
    pub fn provernet_job_prove(j: *mut Job, e: *mut Engine, err: *mut RawError) -> Status;
}
