//! The positions of the k largest scores, with PyTorch's choice and order among equal ones.
//!
//! PyTorch's `topk` on the CPU runs the C++ library's selection algorithms, which are not stable: which of several
//! equal scores comes first depends on every comparison made. So the algorithms of libstdc++ are restated here step by
//! step: heap selection for a small k; else quickselect (median of three, heap selection when it degenerates) and
//! introsort of what it left in front. NaN counts as the largest.

/// One score and where it stood.
type Entry<T> = (T, usize);

/// Positions of the `k` largest of `scores`, largest first; all of them if there are fewer than `k`.
pub fn largest<T: PartialOrd + Copy>(scores: &[T], k: usize) -> Vec<usize> {
    let k = k.min(scores.len());
    if k == 0 {
        return Vec::new();
    }
    let few = k.saturating_mul(64) <= scores.len();
    let kept = if few { k } else { scores.len() };
    let mut entries: Vec<Entry<T>> = scores[..kept].iter().copied().zip(0..).collect();
    if few {
        heap_select_from(&mut entries, scores);
        sort_heap(&mut entries);
    } else {
        quickselect(&mut entries, k - 1);
        // The k-th is in its place already.
        let front = &mut entries[..k - 1];
        let depth = depth_limit(front.len());
        introsort(front, depth);
        let sorted = front.len().min(RUN);
        insertion_sort(&mut front[..sorted]);
        for i in sorted..front.len() {
            sink(front, i);
        }
    }
    entries[..k].iter().map(|entry| entry.1).collect()
}

/// Below this length introsort leaves the order to the final insertion sort.
const RUN: usize = 16;

#[expect(clippy::eq_op, reason = "a number that differs from itself is NaN")]
#[inline(always)]
fn before<T: PartialOrd>(a: &Entry<T>, b: &Entry<T>) -> bool {
    ((a.0 != a.0) & (b.0 == b.0)) | (a.0 > b.0)
}

fn depth_limit(len: usize) -> u32 {
    2 * len.checked_ilog2().unwrap_or(0)
}

/// Puts the element that belongs at `nth` there, with those before it in front.
fn quickselect<T: PartialOrd + Copy>(entries: &mut [Entry<T>], nth: usize) {
    let (mut first, mut last) = (0, entries.len());
    let mut depth = depth_limit(last);
    while last - first > 3 {
        if depth == 0 {
            let part = &mut entries[first..last];
            heap_select(part, nth + 1 - first);
            return part.swap(0, nth - first);
        }
        depth -= 1;
        let cut = first + partition(&mut entries[first..last]);
        if cut <= nth {
            first = cut;
        } else {
            last = cut;
        }
    }
    insertion_sort(&mut entries[first..last]);
}

/// Quicksort down to short runs; a heap sort takes over when the cuts are bad.
fn introsort<T: PartialOrd + Copy>(mut entries: &mut [Entry<T>], mut depth: u32) {
    while entries.len() > RUN {
        if depth == 0 {
            let len = entries.len();
            heap_select(entries, len);
            return sort_heap(entries);
        }
        depth -= 1;
        let cut = partition(entries);
        let (front, back) = entries.split_at_mut(cut);
        introsort(back, depth);
        entries = front;
    }
}

/// Splits around the median of the second, middle and last entry (which it puts first) and returns the cut.
fn partition<T: PartialOrd + Copy>(entries: &mut [Entry<T>]) -> usize {
    let (a, b, c) = (1, entries.len() / 2, entries.len() - 1);
    let less = |i: usize, j: usize| before(&entries[i], &entries[j]);
    let median = match (less(a, b), less(b, c), less(a, c)) {
        (true, true, _) | (false, false, false) => b,
        (true, false, true) | (false, true, false) => c,
        (true, false, false) | (false, _, true) => a,
    };
    entries.swap(0, median);
    let pivot = entries[0];
    let (mut first, mut last) = (1, entries.len());
    loop {
        while before(&entries[first], &pivot) {
            first += 1;
        }
        last -= 1;
        while before(&pivot, &entries[last]) {
            last -= 1;
        }
        if first >= last {
            return first;
        }
        entries.swap(first, last);
        first += 1;
    }
}

fn insertion_sort<T: PartialOrd + Copy>(entries: &mut [Entry<T>]) {
    for i in 1..entries.len() {
        if before(&entries[i], &entries[0]) {
            entries[..=i].rotate_right(1);
        } else {
            sink(entries, i);
        }
    }
}

/// Moves entry `i` in front of those that it comes before.
fn sink<T: PartialOrd + Copy>(entries: &mut [Entry<T>], mut i: usize) {
    let value = entries[i];
    while i > 0 && before(&value, &entries[i - 1]) {
        entries[i] = entries[i - 1];
        i -= 1;
    }
    entries[i] = value;
}

/// Gathers the first `k` in order in a heap at the front, the last of them on top.
fn heap_select<T: PartialOrd + Copy>(entries: &mut [Entry<T>], k: usize) {
    make_heap(entries, k);
    for i in k..entries.len() {
        if before(&entries[i], &entries[0]) {
            let value = entries[i];
            entries[i] = entries[0];
            sift(&mut entries[..k], 0, value);
        }
    }
}

/// The same with the first scores as entries: the others, of which few get into the heap, stay where they are.
fn heap_select_from<T: PartialOrd + Copy>(heap: &mut [Entry<T>], scores: &[T]) {
    const CHUNK: usize = 16;
    let k = heap.len();
    make_heap(heap, k);
    for (c, chunk) in scores[k..].chunks(CHUNK).enumerate() {
        let last = heap[0];
        // Without a branch, so that the compiler compares several at once.
        if !chunk.iter().fold(false, |any, &score| any | before(&(score, 0), &last)) {
            continue;
        }
        for (i, &score) in chunk.iter().enumerate() {
            let entry = (score, k + c * CHUNK + i);
            if before(&entry, &heap[0]) {
                sift(heap, 0, entry);
            }
        }
    }
}

fn make_heap<T: PartialOrd + Copy>(entries: &mut [Entry<T>], k: usize) {
    for parent in (0..k / 2).rev() {
        let value = entries[parent];
        sift(&mut entries[..k], parent, value);
    }
}

fn sort_heap<T: PartialOrd + Copy>(entries: &mut [Entry<T>]) {
    for last in (1..entries.len()).rev() {
        let value = entries[last];
        entries[last] = entries[0];
        sift(&mut entries[..last], 0, value);
    }
}

/// Lets the hole at `top` fall to the bottom of the heap and `value` rise from there.
fn sift<T: PartialOrd + Copy>(heap: &mut [Entry<T>], top: usize, value: Entry<T>) {
    let len = heap.len();
    let mut hole = top;
    let mut child = top;
    while child < (len - 1) / 2 {
        child = 2 * child + 2;
        if before(&heap[child], &heap[child - 1]) {
            child -= 1;
        }
        heap[hole] = heap[child];
        hole = child;
    }
    if len.is_multiple_of(2) && child == (len - 2) / 2 && len > 1 {
        child = 2 * child + 1;
        heap[hole] = heap[child];
        hole = child;
    }
    while hole > top {
        let parent = (hole - 1) / 2;
        if !before(&heap[parent], &value) {
            break;
        }
        heap[hole] = heap[parent];
        hole = parent;
    }
    heap[hole] = value;
}
