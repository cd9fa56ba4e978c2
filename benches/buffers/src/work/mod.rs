//! The measured tasks. A table is a task, and the ways to get its buffers.

mod http;
mod http_rt;
mod json;
mod pilota;
mod plain;
mod thrift;
mod zstd;

use corepool_recipes::Table;

/// Calls `f` with each table.
pub fn for_each_table(mut f: impl FnMut(&mut Table<'_>)) {
    plain::tables(&mut f);
    zstd::tables(&mut f);
    json::tables(&mut f);
    http::tables(&mut f);
    http_rt::tables(&mut f);
    thrift::tables(&mut f);
    pilota::tables(&mut f);
}
