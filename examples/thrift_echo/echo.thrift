// The service of the thrift_echo example: a record goes out, the same record comes back.
//
// Regenerate echo.rs, from the root of the crate, with version 0.17 of the compiler:
//
//     thrift --gen rs -out examples/thrift_echo examples/thrift_echo/echo.thrift

/** Where in its file a record starts, and which of the file's pieces it is. */
struct Span {
  1: required i64 offset
  2: required i32 piece
  3: required i32 pieces
}

struct Line {
  1: required i32 number
  2: required string text
}

/** One piece of a file. */
struct Record {
  1: required string path
  2: required i64 file_size
  3: required Span span
  4: required list<Line> lines
  5: required map<string, i32> words
  6: required binary raw
}

service Echo {
  Record echo(1: Record record)
}
