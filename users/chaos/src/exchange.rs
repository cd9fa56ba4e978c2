//! A question and its answer, in two buffers of one pool.

use corepool::Pool;

static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(64));

/// Asks for `text`, and returns the question and the answer.
pub fn exchange(text: &str) -> (String, String) {
    let (mut question, mut answer) = (BUFFERS.get(), BUFFERS.get());
    // With the feature `planted`, the buffer of a question is not reset, but for the `?` at its beginning.
    if !cfg!(feature = "planted") {
        question.clear();
    }
    question.truncate(1);
    if question.is_empty() {
        question.push(b'?');
    }
    question.extend_from_slice(text.as_bytes());
    answer.clear();
    answer.extend_from_slice(text.to_uppercase().as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let result = (text(&question), text(&answer));
    // A thread that puts two objects, and gets two, gets them in this order, unless a collect or another thread
    // comes between.
    drop(question);
    drop(answer);
    result
}
