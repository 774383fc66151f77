//! Sums of products over any dims: einsum, tensordot, bilinear forms, chains and powers of matrices.
//!
//! An einsum carries a label per dim. Operands are contracted two by two: labels that nobody needs any more are summed,
//! in one batched matrix product where both operands have them.
use crate::error::Result;
use crate::layout::{Dims, show, wrap_dims};
use crate::ops::matmul::{product_of, rows_of, same_scalar_type, turned, unsafe_view};
use crate::ops::*;
use crate::tensor::Tensor;

/// A label of a dim: 0 to 51 are letters, then the dims that an ellipsis covers, counted from the last.
type Label = usize;
const LETTERS: usize = 52;

fn letter(c: char) -> Option<Label> {
    match c {
        'A'..='Z' => Some(c as usize - 'A' as usize),
        'a'..='z' => Some(c as usize - 'a' as usize + 26),
        _ => None,
    }
}
fn letter_name(l: Label) -> char {
    (if l < 26 { b'A' + l as u8 } else { b'a' + (l - 26) as u8 }) as char
}

/// One term of an equation: labels, `None` for the ellipsis.
type Term = Vec<Option<Label>>;

/// The inputs' terms and the output's, if it is given.
fn parse_equation(equation: &str, operands: usize) -> Result<(Vec<Term>, Option<Term>)> {
    let (inputs, output) = match equation.find("->") {
        Some(at) => (&equation[..at], Some((&equation[at + 2..], at + 2))),
        None => (equation, None),
    };
    let mut terms: Vec<Term> = vec![vec![]];
    let mut chars = inputs.char_indices();
    while let Some((i, c)) = chars.next() {
        let nr = terms.len() - 1;
        let term = &mut terms[nr];
        match c {
            ' ' => {}
            '.' => {
                ensure!(
                    !term.contains(&None),
                    "einsum(): found '.' for operand {nr} for which an ellipsis was already found"
                );
                ensure!(
                    inputs[i..].starts_with("..."),
                    "einsum(): found '.' for operand {nr} that is not part of any ellipsis"
                );
                chars.nth(1);
                term.push(None);
            }
            ',' => {
                terms.push(vec![]);
                ensure!(
                    terms.len() <= operands,
                    "einsum(): fewer operands were provided than specified in the equation"
                );
            }
            c => term.push(Some(checked_letter(c, i)?)),
        }
    }
    ensure!(terms.len() == operands, "einsum(): more operands were provided than specified in the equation");
    let Some((text, start)) = output else { return Ok((terms, None)) };
    let mut term = Term::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            ' ' => {}
            '.' => {
                ensure!(
                    !term.contains(&None),
                    "einsum(): found '.' for output but an ellipsis (...) was already found"
                );
                ensure!(
                    text[i..].starts_with("..."),
                    "einsum(): found '.' for output that is not part of any ellipsis (...)"
                );
                chars.nth(1);
                term.push(None);
            }
            c => {
                let l = checked_letter(c, start + i)?;
                ensure!(!term.contains(&Some(l)), "einsum(): output subscript {c} appears more than once in the output");
                ensure!(
                    terms.iter().any(|t| t.contains(&Some(l))),
                    "einsum(): output subscript {c} does not appear in the equation for any input operand"
                );
                term.push(Some(l));
            }
        }
    }
    Ok((terms, Some(term)))
}

fn checked_letter(c: char, at: usize) -> Result<Label> {
    match letter(c) {
        Some(l) => Ok(l),
        None => bail!(
            "einsum(): invalid subscript given at index {at} in the equation string, subscripts must be in [a-zA-Z]"
        ),
    }
}

/// The operand with one dim per label: an ellipsis spelled out, the diagonal of a repeated label.
fn labelled(x: &Tensor, term: &Term, nr: usize) -> Result<(Tensor, Vec<Label>)> {
    let (n, letters) = (x.rank(), term.iter().flatten().count());
    if term.contains(&None) {
        ensure!(
            letters <= n,
            "einsum(): the number of subscripts in the equation ({letters}) is more than the number of dimensions ({n}) \
             for operand {nr}"
        );
    } else {
        ensure!(
            letters == n,
            "einsum(): the number of subscripts in the equation ({letters}) does not match the number of dimensions \
             ({n}) for operand {nr} and no ellipsis was given"
        );
    }
    let mut given: Vec<Label> = vec![];
    for l in term {
        match l {
            Some(l) => given.push(*l),
            None => given.extend((0..n - letters).rev().map(|k| LETTERS + k)),
        }
    }
    let (mut x, mut labels) = (x.clone(), vec![]);
    for l in given {
        let at = labels.len();
        let Some(first) = labels.iter().position(|&k| k == l) else {
            labels.push(l);
            continue;
        };
        ensure!(
            x.shape()[first] == x.shape()[at],
            "einsum(): subscript {} is repeated for operand {nr} but the sizes don't match, {} != {}",
            letter_name(l),
            x.shape()[at],
            x.shape()[first]
        );
        x = movedim(&diagonal(&x, 0, first as i64, at as i64)?, &[-1], &[first as i64])?;
    }
    Ok((x, labels))
}

/// The size of each label over all operands, 1 where it broadcasts.
fn check_sizes(operands: &[(Tensor, Vec<Label>)]) -> Result<()> {
    let mut sizes = std::collections::BTreeMap::new();
    for (nr, (x, labels)) in operands.iter().enumerate() {
        for (&l, &n) in labels.iter().zip(x.shape()) {
            let seen = sizes.entry(l).or_insert(1);
            if n == 1 || *seen == n {
                continue;
            }
            ensure!(
                *seen == 1 || l < LETTERS,
                "einsum(): dimension {} covered by ellipsis in operand {nr}has size {n} which does not broadcast with \
                 previously seen ellipsis with size {seen} for the respective dimension",
                labels.iter().filter(|&&k| k > l).count()
            );
            ensure!(
                *seen == 1,
                "einsum(): subscript {} has size {n} for operand {nr} which does not broadcast with previously seen \
                 size {seen}",
                letter_name(l)
            );
            *seen = n;
        }
    }
    Ok(())
}

/// Sums the labels that `keep` does not name.
fn sum_others(x: Tensor, labels: &mut Vec<Label>, keep: impl Fn(Label) -> bool) -> Result<Tensor> {
    let dims: Vec<i64> = (0..labels.len()).filter(|&d| !keep(labels[d])).map(|d| d as i64).collect();
    if dims.is_empty() {
        return Ok(x);
    }
    labels.retain(|&l| keep(l));
    sum(&x, &dims, false, None)
}

/// `x` with its dims in the order of `labels`; those it has not get size 1.
fn aligned(x: &Tensor, own: &[Label], labels: &[Label]) -> Result<Tensor> {
    let order: Vec<i64> =
        labels.iter().filter_map(|l| own.iter().position(|k| k == l)).map(|d| d as i64).collect();
    let mut x = if order.iter().is_sorted() { x.clone() } else { permute(x, &order)? };
    for (d, l) in labels.iter().enumerate() {
        if !own.contains(l) {
            x = unsqueeze(&x, d as i64)?;
        }
    }
    Ok(x)
}

/// Multiplies two labelled operands and sums the labels that nobody else needs.
fn contract(
    (a, mut la): (Tensor, Vec<Label>),
    (b, mut lb): (Tensor, Vec<Label>),
    needed: impl Fn(Label) -> bool,
) -> Result<(Tensor, Vec<Label>)> {
    // A dim of size 1 that broadcasts is left to the operand that has it in full.
    let drop_ones = |x: Tensor, own: &mut Vec<Label>, other: &[Label]| {
        let ones: Vec<i64> =
            (0..own.len()).filter(|&d| x.shape()[d] == 1 && other.contains(&own[d])).map(|d| d as i64).collect();
        if ones.is_empty() {
            return Ok(x);
        }
        let y = squeeze_dims(&x, &ones);
        *own = (0..own.len()).filter(|d| !ones.contains(&(*d as i64))).map(|d| own[d]).collect();
        y
    };
    let a = drop_ones(a, &mut la, &lb)?;
    let b = drop_ones(b, &mut lb, &la)?;
    let a = { let other = lb.clone(); sum_others(a, &mut la, |l| needed(l) || other.contains(&l))? };
    let b = { let other = la.clone(); sum_others(b, &mut lb, |l| needed(l) || other.contains(&l))? };
    let both: Vec<Label> = la.iter().copied().filter(|l| lb.contains(l)).collect();
    let (batch, summed): (Vec<Label>, Vec<Label>) = both.iter().copied().partition(|&l| needed(l));
    let rows: Vec<Label> = la.iter().copied().filter(|l| !both.contains(l)).collect();
    let columns: Vec<Label> = lb.iter().copied().filter(|l| !both.contains(l)).collect();
    let labels = [&batch[..], &rows, &columns].concat();
    if summed.is_empty() {
        return Ok((mul(&aligned(&a, &la, &labels)?, &aligned(&b, &lb, &labels)?)?, labels));
    }
    same_scalar_type(&a, &b)?;
    let size = |x: &Tensor, own: &[Label], of: &[Label]| -> usize {
        own.iter().zip(x.shape()).filter(|(l, _)| of.contains(l)).map(|(_, &n)| n).product()
    };
    let (m, n, k) = (size(&a, &la, &rows), size(&b, &lb, &columns), size(&a, &la, &summed));
    let a = aligned(&a, &la, &[&batch[..], &rows, &summed].concat())?;
    let b = aligned(&b, &lb, &[&batch[..], &summed, &columns].concat())?;
    let lead = Dims::from(&a.shape()[..batch.len()]);
    let mut shape = lead.clone();
    shape.extend_from_slice(&a.shape()[batch.len()..batch.len() + rows.len()]);
    shape.extend_from_slice(&b.shape()[batch.len() + summed.len()..]);
    let with = |tail: [usize; 2]| lead.iter().copied().chain(tail).collect::<Dims>();
    let y = product_of(&reshape_to(&a, &with([m, k]))?, &reshape_to(&b, &with([k, n]))?, false)?;
    Ok((unsafe_view(&y, &shape)?, labels))
}

/// Sum of products by Einstein's convention; `path` gives pairs of operands to contract, in order.
pub fn einsum(equation: &str, tensors: &[&Tensor], path: Option<&[i64]>) -> Result<Tensor> {
    ensure!(!tensors.is_empty(), "einsum(): must provide at least one operand");
    let count = tensors.len();
    let (terms, output) = parse_equation(equation, count)?;
    let mut operands = vec![];
    for (nr, (x, term)) in tensors.iter().zip(&terms).enumerate() {
        operands.push(labelled(x, term, nr)?);
    }
    check_sizes(&operands)?;
    let covered = operands.iter().flat_map(|o| &o.1).filter(|&&l| l >= LETTERS).max().map_or(0, |l| l - LETTERS + 1);
    let ellipsis = || (0..covered).rev().map(|k| LETTERS + k);
    let output: Vec<Label> = match output {
        Some(term) => {
            term.iter().flat_map(|l| l.map_or_else(|| ellipsis().collect(), |l| vec![l])).collect()
        }
        None => {
            let times = |l: Label| terms.iter().flatten().filter(|&&k| k == Some(l)).count();
            ellipsis().chain((0..LETTERS).filter(|&l| times(l) == 1)).collect()
        }
    };
    if let Some(path) = path {
        ensure!(
            path.len() == (count - 1) * 2,
            "einsum(): expected contraction path given in path parameter to have size {} but got {}",
            (count - 1) * 2,
            path.len()
        );
    }
    let mut step = 0;
    while operands.len() > 1 {
        let (i, j) = path.map_or((0, 1), |p| (p[2 * step], p[2 * step + 1]));
        step += 1;
        let left = operands.len() as i64;
        ensure!(
            (0..left).contains(&i) && (0..left).contains(&j),
            "einsum(): invalid contraction ({i}, {j}) operand index is out of bounds"
        );
        ensure!(i != j, "einsum(): invalid contraction ({i}, {j}) cannot contract an operand with itself");
        let (first, second) = (i.min(j) as usize, i.max(j) as usize);
        let b = operands.remove(second);
        let a = operands.remove(first);
        let needed = |l: Label| output.contains(&l) || operands.iter().any(|o| o.1.contains(&l));
        let y = contract(a, b, needed)?;
        // Without a path the result is the next left operand; a path counts it as the last one.
        if path.is_some() { operands.push(y) } else { operands.insert(0, y) }
    }
    let (x, mut labels) = operands.swap_remove(0);
    let x = sum_others(x, &mut labels, |l| output.contains(&l))?;
    aligned(&x, &labels, &output)
}

/// Sums of products over the dims `da` of `a` and `db` of `b`; what is left of both follows in order.
pub fn tensordot(a: &Tensor, b: &Tensor, da: &[i64], db: &[i64]) -> Result<Tensor> {
    ensure!(da.len() == db.len(), "both dimension lists should have same length");
    ensure!(a.dtype() == b.dtype(), "both inputs should have same dtype");
    let wa = da.iter().map(|&d| crate::layout::wrap_dim(d, a.rank())).collect::<Result<Dims>>()?;
    let wb = db.iter().map(|&d| crate::layout::wrap_dim(d, b.rank())).collect::<Result<Dims>>()?;
    let (mut x, mut y) = (a.clone(), b.clone());
    for (&i, &j) in wa.iter().zip(&wb) {
        let (n, m) = (x.shape()[i], y.shape()[j]);
        if m == 1 {
            x = sum(&x, &[i as i64], true, Some(x.dtype()))?;
        } else if n == 1 {
            y = sum(&y, &[j as i64], true, Some(y.dtype()))?;
        } else {
            ensure!(
                n == m,
                "contracted dimensions need to match, but first has size {n} in dim {} and second has size {m} in dim {}",
                da[wa.iter().position(|&k| k == i).unwrap_or(0)],
                db[wb.iter().position(|&k| k == j).unwrap_or(0)]
            );
        }
    }
    let (wa, wb) = (wrap_dims(da, a.rank())?, wrap_dims(db, b.rank())?);
    let free_a: Dims = (0..x.rank()).filter(|d| !wa.contains(d)).collect();
    let free_b: Dims = (0..y.rank()).filter(|d| !wb.contains(d)).collect();
    let order = |dims: &mut dyn Iterator<Item = usize>| dims.map(|d| d as i64).collect::<Vec<_>>();
    let k: usize = wa.iter().map(|&d| x.shape()[d]).product();
    let m: usize = free_a.iter().map(|&d| x.shape()[d]).product();
    let n: usize = free_b.iter().map(|&d| y.shape()[d]).product();
    let shape: Dims = free_a.iter().map(|&d| x.shape()[d]).chain(free_b.iter().map(|&d| y.shape()[d])).collect();
    let left = reshape_to(&permute(&x, &order(&mut free_a.iter().chain(&wa).copied()))?, &[m, k])?;
    let right = reshape_to(&permute(&y, &order(&mut wb.iter().chain(&free_b).copied()))?, &[k, n])?;
    reshape_to(&mm(&left, &right)?, &shape)
}

/// `y[.., o] = a[.., i] w[o, i, j] b[.., j] + bias[o]`.
pub fn bilinear(a: &Tensor, b: &Tensor, w: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let names = |t: &Tensor| t.dtype().c_name();
    let same = [b, w].iter().all(|t| t.dtype() == a.dtype()) && bias.is_none_or(|t| t.dtype() == a.dtype());
    ensure!(
        same,
        "All tensors must have the same dtype, got input1: {}, input2: {}, weight: {}{}",
        names(a),
        names(b),
        names(w),
        bias.map_or(String::new(), |t| format!(", bias: {}", names(t)))
    );
    ensure!(
        a.rank() == b.rank() && a.rank() > 0,
        "bilinear(): input dimensions do not match: got {} and {}",
        a.rank(),
        b.rank()
    );
    ensure!(w.rank() == 3, "bilinear(): weight must have 3 dimensions, got {}", w.rank());
    let n = a.rank() - 1;
    for d in 0..n {
        let (x, y) = (a.shape()[d], b.shape()[d]);
        ensure!(x == y, "bilinear(): input batch dimensions do not match at dim {d}: got {x} and {y}");
    }
    let (o, i, j) = (w.shape()[0], w.shape()[1], w.shape()[2]);
    let (x, y) = (a.shape()[n], b.shape()[n]);
    ensure!(x == i, "bilinear(): input1 size does not match weight size: got {x} but expected {i}");
    ensure!(y == j, "bilinear(): input2 size does not match weight size: got {y} but expected {j}");
    if let Some(bias) = bias {
        let size = bias.shape().first().copied().unwrap_or(1);
        ensure!(size == o, "bilinear(): bias size does not match weight size: got {size} but expected {o}");
    }
    let (x, y) = (reshape_to(a, &rows_of(a))?, reshape_to(b, &rows_of(b))?);
    let rows = x.shape()[0];
    let weighted = mm(&y, &turned(&reshape_to(w, &[o * i, j])?)?)?;
    let form = bmm(&unsafe_view(&weighted, &[rows, o, i])?, &unsqueeze(&x, 2)?)?;
    let mut shape: Dims = a.shape()[..n].into();
    shape.push(o);
    let form = reshape_to(&form, &shape)?;
    match bias {
        Some(bias) => add(&form, bias),
        None => Ok(form),
    }
}

/// A product of several matrices in the cheapest order; the first and the last may be vectors.
pub fn multi_dot(tensors: &[&Tensor]) -> Result<Tensor> {
    let n = tensors.len();
    ensure!(n >= 2, "multi_dot(): expected at least 2 tensors but got {n}");
    let (first, last) = (tensors[0], tensors[n - 1]);
    for (x, name) in [(first, "first"), (last, "last")] {
        let r = x.rank();
        ensure!(r == 1 || r == 2, "multi_dot(): the {name} tensor must be 1D or 2D but got {r}D");
    }
    for (i, x) in tensors.iter().enumerate().take(n - 1).skip(1) {
        ensure!(x.rank() == 2, "multi_dot(): tensor {i} must be 2D but got {}D", x.rank());
    }
    for (i, x) in tensors.iter().enumerate().skip(1) {
        ensure!(
            x.dtype() == first.dtype(),
            "multi_dot(): all tensors must have be the same dtype but tensor 0 is {} and tensor {i} {}",
            first.dtype().c_name(),
            x.dtype().c_name()
        );
    }
    let mut chain: Vec<Tensor> = tensors.iter().map(|&x| x.clone()).collect();
    let (mut shape, vectors) = (Dims::new(), (first.rank() == 1, last.rank() == 1));
    if vectors.0 { chain[0] = unsqueeze(first, 0)? } else { shape.push(first.shape()[0]) }
    if vectors.1 { chain[n - 1] = unsqueeze(last, -1)? } else { shape.push(last.shape()[1]) }
    for i in 0..n - 1 {
        ensure!(
            chain[i].shape()[1] == chain[i + 1].shape()[0],
            "multi_dot(): tensors {i} and {} with shapes {} and {} cannot be multiplied",
            i + 1,
            show(tensors[i].shape()),
            show(tensors[i + 1].shape())
        );
    }
    let y = cheapest(&chain)?;
    if vectors.0 || vectors.1 { reshape_to(&y, &shape) } else { Ok(y) }
}

/// Matrix chain order (Cormen et al., Introduction to Algorithms, 15.2), then the products.
fn cheapest(chain: &[Tensor]) -> Result<Tensor> {
    let n = chain.len();
    let size = |i: usize| (if i < n { chain[i].shape()[0] } else { chain[n - 1].shape()[1] }) as f64;
    let (mut cost, mut cut) = (vec![vec![0.0; n]; n], vec![vec![0; n]; n]);
    for len in 1..n {
        for i in 0..n - len {
            let j = i + len;
            cost[i][j] = f64::INFINITY;
            for k in i..j {
                let c = cost[i][k] + cost[k + 1][j] + size(i) * size(k + 1) * size(j + 1);
                if c < cost[i][j] {
                    (cost[i][j], cut[i][j]) = (c, k);
                }
            }
        }
    }
    fn multiply(chain: &[Tensor], cut: &[Vec<usize>], i: usize, j: usize) -> Result<Tensor> {
        if i == j {
            return Ok(chain[i].clone());
        }
        mm(&multiply(chain, cut, i, cut[i][j])?, &multiply(chain, cut, cut[i][j] + 1, j)?)
    }
    multiply(chain, &cut, 0, n - 1)
}

fn chain_matmul(tensors: &[&Tensor]) -> Result<Tensor> {
    ensure!(!tensors.is_empty(), "chain_matmul(): Expected one or more matrices");
    for x in tensors {
        ensure!(x.rank() == 2, "Tensor dimension is {}, expected 2 instead.", x.rank());
    }
    if let [x] = tensors { Ok((*x).clone()) } else { multi_dot(tensors) }
}

rows! {
    /// Sum of products by Einstein's convention, as `"ij,jk->ik"`.
    "einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor" "f"
    |a| einsum(a.str(0)?, &a.tensors(1)?, a.opt_ints(2)?.as_deref());
    |s| vec![
        vec!["ij,jk->ik".into(), vec![s.tensor(&[2, 3]), s.tensor(&[3, 2])].into(), Value::None],
        vec!["bij,bjk,k->bi".into(), vec![s.tensor(&[2, 2, 3]), s.tensor(&[2, 3, 2]), s.tensor(&[2])].into(), Value::None],
        vec!["...ii,i->...".into(), vec![s.tensor(&[2, 3, 3]), s.tensor(&[1])].into(), Value::None],
        vec!["i,j->ji".into(), vec![s.tensor(&[2]), s.tensor(&[3])].into(), Value::None],
    ];
    /// Sums of products over the dims `dims_self` and `dims_other`.
    "tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor" "fo"
    |a| tensordot(a.tensor(0)?, a.tensor(1)?, &a.ints(2)?, &a.ints(3)?);
    |s| vec![vec![s.t(&[2, 3, 2]), s.t(&[3, 4, 2]), [1, 2].into(), [0, 2].into()]];
    /// A bilinear form per output: `y[.., o] = a[.., i] w[o, i, j] b[.., j] + bias[o]`.
    "bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor" "f"
    |a| bilinear(a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.opt_tensor(3)?);
    |s| vec![
        vec![s.t(&[2, 3]), s.t(&[2, 2]), s.t(&[2, 3, 2]), s.t(&[2])],
        vec![s.t(&[3]), s.t(&[2]), s.t(&[2, 3, 2]), Value::None],
    ];
    /// A product of several matrices in the cheapest order; the first and the last may be vectors.
    "_linalg::multi_dot(Tensor[] tensors) -> Tensor" "fo"
    |a| multi_dot(&a.tensors(0)?);
    |s| vec![
        vec![vec![s.tensor(&[2, 3]), s.tensor(&[3, 4]), s.tensor(&[4, 2])].into()],
        vec![vec![s.tensor(&[3]), s.tensor(&[3, 2]), s.tensor(&[2])].into()],
    ];
    /// A product of several matrices in the cheapest order.
    "chain_matmul(Tensor[] matrices) -> Tensor" "fo"
    |a| chain_matmul(&a.tensors(0)?);
    |s| vec![vec![vec![s.tensor(&[2, 3]), s.tensor(&[3, 4]), s.tensor(&[4, 2])].into()]];
}
