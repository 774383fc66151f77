//! The engine by value: accumulation, residuals, higher orders, in-place writes, freeing.
use rusttorch::engine::{backward, grad};
use rusttorch::{Tensor, ops};

fn leaf(v: &[f64]) -> Tensor {
    let t = Tensor::from_slice(v, &[v.len()]).unwrap();
    t.set_requires_grad(true).unwrap();
    t
}
fn total(x: &Tensor) -> Tensor {
    ops::sum(x, &[], false, None).unwrap()
}
fn values(x: &Tensor) -> Vec<f64> {
    x.to_vec::<f64>().unwrap()
}

#[test]
fn residual_with_non_leaf_first() {
    let x = leaf(&[2.0]);
    let h = &x * 1.0;
    backward(&total(&(&h + &(&h * 3.0))), false).unwrap();
    assert_eq!(values(&x.grad().unwrap()), [4.0]);
}

#[test]
fn accumulates_over_calls() {
    let x = leaf(&[3.0]);
    for _ in 0..2 {
        backward(&total(&(&x * &x)), false).unwrap();
    }
    assert_eq!(values(&x.grad().unwrap()), [12.0]);
}

#[test]
fn broadcasting_is_undone() {
    let (a, b) = (leaf(&[1.0, 2.0, 3.0]), leaf(&[5.0]));
    backward(&total(&(&a * &b)), false).unwrap();
    assert_eq!(values(&a.grad().unwrap()), [5.0; 3]);
    assert_eq!(values(&b.grad().unwrap()), [6.0]);
}

#[test]
fn third_derivative() {
    let x = leaf(&[0.7]);
    let mut y = total(&ops::exp(&(&x * 2.0)).unwrap());
    for _ in 0..3 {
        y = total(grad(&y, &[&x], true).unwrap()[0].as_ref().unwrap());
    }
    assert!((values(&y)[0] - 8.0 * 1.4f64.exp()).abs() < 1e-12);
}

#[test]
fn in_place_write_to_a_saved_output_is_caught() {
    let x = leaf(&[1.0, 2.0]);
    let y = ops::exp(&x).unwrap();
    ops::overwrite(&y.detach(), &Tensor::zeros(&[2], rusttorch::DType::F64).unwrap()).unwrap();
    let e = backward(&total(&y), false).unwrap_err();
    assert!(e.message.contains("modified by an inplace operation: [torch.DoubleTensor [2]], which is output 0 of Exp, is at version 1; expected version 0"), "{e}");
}

#[test]
fn a_write_to_a_view_reaches_the_base() {
    let x = leaf(&[1.0, 2.0, 3.0]);
    let y = &x * 2.0;
    let v = ops::select(&y, 0, 1).unwrap();
    let other = ops::slice(&y, 0, Some(1), None, 1).unwrap();
    ops::overwrite(&v, &(&v * 10.0)).unwrap();
    assert_eq!(values(&y), [2.0, 40.0, 6.0]);
    assert_eq!(y.grad_fn().unwrap().node.name(), "CopySlices");
    assert_eq!(other.grad_fn().unwrap().node.name(), "AsStridedBackward0");
    backward(&total(&(&y * &y)), true).unwrap();
    assert_eq!(values(&x.grad().unwrap()), [8.0, 1600.0, 24.0]);
    x.set_grad(None);
    backward(&total(&other), false).unwrap();
    assert_eq!(values(&x.grad().unwrap()), [0.0, 20.0, 2.0]);
}

#[test]
fn an_in_place_op_keeps_what_it_saved_of_its_own_input() {
    let x = leaf(&[3.0]);
    let y = &x * 1.0;
    ops::overwrite(&y, &(&y * &y)).unwrap();
    backward(&total(&y), false).unwrap();
    assert_eq!(values(&x.grad().unwrap()), [6.0]);
}

#[test]
fn a_second_backward_is_refused() {
    let x = leaf(&[1.0]);
    let y = total(&ops::exp(&x).unwrap());
    backward(&y, false).unwrap();
    let e = backward(&y, false).unwrap_err();
    assert!(e.message.starts_with("Trying to backward through the graph a second time"), "{e}");
}

#[test]
fn a_graph_of_a_million_nodes_neither_runs_nor_drops_by_recursion() {
    let x = leaf(&[1.0]);
    let mut y = x.clone();
    for _ in 0..1_000_000 {
        y = &y + 0.5;
    }
    let node = std::sync::Arc::downgrade(&y.grad_fn().unwrap().node);
    backward(&total(&y), false).unwrap();
    assert_eq!(values(&x.grad().unwrap()), [1.0]);
    drop(y);
    assert!(node.upgrade().is_none());
}

#[test]
fn node_and_saved_output_do_not_own_each_other() {
    let x = leaf(&[1.0]);
    let y = ops::exp(&x).unwrap();
    let node = std::sync::Arc::downgrade(&y.grad_fn().unwrap().node);
    drop(y);
    assert!(node.upgrade().is_none());
}
