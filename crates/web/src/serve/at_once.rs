//! A task that is woken while it runs, runs again at once. A connection whose
//! handler reads the body wakes itself for each piece: the runtime would put it
//! at the end of the queue and wake another thread to look there, which costs
//! more than all that is left to do.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use pin_project_lite::pin_project;

/// How often at most before others have their turn.
const TURNS: usize = 4;

const RESTS: u8 = 0;
const RUNS: u8 = 1;
const RUNS_AGAIN: u8 = 2;

pin_project! {
    /// A future that is polled again at once when it was woken by its own poll.
    pub(super) struct AtOnce<F> {
        #[pin]
        inner: F,
        bell: Arc<Bell>,
        waker: Waker,
    }
}

/// Who is woken: the poll that runs, or else the task.
struct Bell {
    state: AtomicU8,
    task: AtomicWaker,
}

impl<F> AtOnce<F> {
    /// Polls `inner` so.
    pub(super) fn new(inner: F) -> Self {
        let bell = Arc::new(Bell { state: AtomicU8::new(RESTS), task: AtomicWaker::new() });
        Self { inner, waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

impl<F: Future> Future for AtOnce<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.bell.task.register(cx.waker());
        for _ in 0..TURNS {
            this.bell.state.store(RUNS, Ordering::Release);
            if let Poll::Ready(done) = this.inner.as_mut().poll(&mut Context::from_waker(this.waker)) {
                return Poll::Ready(done);
            }
            if this.bell.state.swap(RESTS, Ordering::AcqRel) == RUNS {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.compare_exchange(RUNS, RUNS_AGAIN, Ordering::AcqRel, Ordering::Acquire) == Err(RESTS) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Counts how often the task is woken.
    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls a future that wakes itself so often; how often it was polled, how
    /// often the task was woken, and the waker it had.
    fn polled(wakes: usize) -> (usize, usize, Waker, Arc<Counted>) {
        let (mut polls, mut last) = (0, Waker::noop().clone());
        let task = Arc::new(Counted::default());
        {
            let inner = poll_fn(|cx| {
                polls += 1;
                last = cx.waker().clone();
                if polls <= wakes {
                    cx.waker().wake_by_ref();
                }
                Poll::<()>::Pending
            });
            let mut future = std::pin::pin!(AtOnce::new(inner));
            let waker = Waker::from(Arc::clone(&task));
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        (polls, task.0.load(Ordering::Relaxed), last, task)
    }

    #[test]
    fn what_wakes_itself_runs_again_without_the_runtime() {
        let (polls, woken, ..) = polled(2);
        assert_eq!((polls, woken), (3, 0));
    }

    #[test]
    fn what_wakes_itself_on_and_on_gives_way() {
        let (polls, woken, ..) = polled(usize::MAX);
        assert_eq!((polls, woken), (TURNS, 1));
    }

    #[test]
    fn what_rests_is_woken_by_the_runtime() {
        let (.., waker, task) = polled(0);
        waker.wake();
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
    }
}
