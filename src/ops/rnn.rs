//! Recurrent layers: LSTM, GRU and the plain RNN, over padded or packed sequences, and their single cells.
use crate::dtype::DType;
use crate::error::Result;
use crate::ops::*;
use crate::tensor::Tensor;
use smallvec::SmallVec;

#[derive(Clone, Copy, PartialEq)]
enum Cell {
    Lstm,
    Gru,
    Tanh,
    Relu,
}

/// The weights of one direction of one layer.
struct Weights<'a> {
    ih: &'a Tensor,
    hh: &'a Tensor,
    bias: Option<(&'a Tensor, &'a Tensor)>,
    /// Projects the hidden state of an LSTM (Sak et al., 2014).
    projection: Option<&'a Tensor>,
}

/// The hidden state and, for an LSTM, the cell's.
#[derive(Clone)]
struct State {
    h: Tensor,
    c: Option<Tensor>,
}

impl State {
    fn map(&self, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self { h: f(&self.h)?, c: self.c.as_ref().map(f).transpose()? })
    }
    fn joined(parts: &[State]) -> Result<Self> {
        let hs: Vec<&Tensor> = parts.iter().map(|s| &s.h).collect();
        let cs: Vec<&Tensor> = parts.iter().filter_map(|s| s.c.as_ref()).collect();
        Ok(Self { h: cat(&hs, 0)?, c: if cs.is_empty() { None } else { Some(cat(&cs, 0)?) } })
    }
}

pointwise! {
    /// What an LSTM keeps in mind: $\sigma(f) c + \sigma(i) \tanh(n)$ of the gates and its memory (Hochreiter and Schmidhuber
    /// 1997, with the forget gate of Gers et al. 2000).
    lstm_memory(i, f, n, c) Keep {
        float: f.sigmoid().fma(c, i.sigmoid() * n.tanh()), wgsl: { float: "fma(sigmoid(f), c, sigmoid(i) * tanh_of(n))" },
        grad: {
            i: |g, i, n| gated_tanh_gate(g, i, n), f: |g, f, c| glu_gate_backward(g, c, f),
            n: |g, i, n| gated_tanh_value(g, i, n), c: |g, f| glu_halves(g, f),
        },
    }
    /// $\sigma(a) \tanh(b)$.
    gated_tanh(a, b) Keep {
        float: a.sigmoid() * b.tanh(), wgsl: { float: "sigmoid(a) * tanh_of(b)" },
        grad: { a: |g, a, b| gated_tanh_gate(g, a, b), b: |g, a, b| gated_tanh_value(g, a, b) },
    }
    gated_tanh_gate(g, a, b) => "gated_tanh_backward" Keep {
        float: { let s = a.sigmoid(); g * b.tanh() * (s * (T::one() - s)) },
        wgsl: { float: "g * tanh_of(b) * sigmoid_slope(a)" },
        grad: {
            g: |gg, a, b| gated_tanh_gate(gg, a, b),
            a: |gg, g, a, b| gated_tanh_gate(&(gg * (1.0 - 2.0 * sigmoid(a)?)), a, b)? * g,
            b: |gg, g, a, b| gated_tanh_value(&(gg * g * (1.0 - sigmoid(a)?)), a, b),
        },
    }
    gated_tanh_value(g, a, b) => "gated_tanh_backward" Keep {
        float: { let t = b.tanh(); g * a.sigmoid() * (T::one() - t * t) },
        wgsl: { float: "g * sigmoid(a) * tanh_slope(b)" },
        grad: {
            g: |gg, a, b| gated_tanh_value(gg, a, b),
            a: |gg, g, a, b| gated_tanh_value(&(gg * g * (1.0 - sigmoid(a)?)), a, b),
            b: |gg, g, a, b| gated_tanh_value(&(gg * g * (-2.0 * tanh(b)?)), a, b),
        },
    }
}

impl Weights<'_> {
    /// The input's part of the gates, for any number of steps at once; and both biases, but of a GRU, which resets what the
    /// state gives with its bias.
    fn of_input(&self, cell: Cell, x: &Tensor) -> Result<Tensor> {
        let bias = match self.bias {
            Some((ih, hh)) if cell != Cell::Gru => Some(add(ih, hh)?),
            bias => bias.map(|(ih, _)| ih.clone()),
        };
        linear(x, self.ih, bias.as_ref())
    }
    /// One step: `x` is the input's part of the gates.
    fn step(&self, cell: Cell, x: &Tensor, s: &State) -> Result<State> {
        let gates = |t: &Tensor, n: usize| {
            let width = t.shape()[t.rank() - 1];
            ensure!(width.is_multiple_of(n), "the weights of a recurrent cell give {width} values for {n} gates");
            chunk(t, n as i64, -1)
        };
        let whole = || linear(&s.h, self.hh, Some(x));
        match cell {
            Cell::Tanh => Ok(State { h: tanh(&whole()?)?, c: None }),
            Cell::Relu => Ok(State { h: relu(&whole()?)?, c: None }),
            Cell::Gru => {
                let hidden = linear(&s.h, self.hh, self.bias.map(|b| b.1))?;
                let (a, b) = (gates(x, 3)?, gates(&hidden, 3)?);
                let reset = sigmoid(&add(&a[0], &b[0])?)?;
                let update = sigmoid(&add(&a[1], &b[1])?)?;
                let new = tanh(&add(&a[2], &mul(&reset, &b[2])?)?)?;
                Ok(State { h: add(&mul(&sub(&s.h, &new)?, &update)?, &new)?, c: None })
            }
            Cell::Lstm => {
                let all = gates(&whole()?, 4)?;
                let Some(c) = &s.c else { bail!("lstm expects two hidden states") };
                let c = lstm_memory(&all[0], &all[1], &all[2], c)?;
                let mut h = gated_tanh(&all[3], &c)?;
                if let Some(p) = self.projection {
                    h = linear(&h, p, None)?;
                }
                Ok(State { h, c: Some(c) })
            }
        }
    }
}

/// A sequence, padded (steps, batch, features) or packed (rows of all steps, longest sequences first).
struct Sequence {
    data: Tensor,
    /// How many sequences each step of a packed one has.
    sizes: Option<Vec<i64>>,
}

impl Sequence {
    fn with(&self, data: Tensor) -> Self {
        Self { data, sizes: self.sizes.clone() }
    }
    fn steps(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        match &self.sizes {
            Some(sizes) => split_with_sizes(x, sizes, 0),
            None => unbind(x, 0),
        }
    }
    fn join(&self, steps: &[Tensor]) -> Result<Tensor> {
        let steps: Vec<&Tensor> = steps.iter().collect();
        if self.sizes.is_some() { cat(&steps, 0) } else { stack(&steps, 0) }
    }

    /// One direction of one layer: what it gives at each step, and its last state.
    fn run(&self, cell: Cell, w: &Weights, start: &State, backward: bool) -> Result<(Tensor, State)> {
        let inputs = self.steps(&w.of_input(cell, &self.data)?)?;
        let n = inputs.len();
        let mut outputs = Vec::with_capacity(n);
        let mut state = start.clone();
        // Sequences that ended early keep their state aside; going backward, they join in later.
        let mut ended: Vec<State> = vec![];
        let size = |t: usize| self.sizes.as_ref().map(|s| s[t]);
        if let (true, Some(last)) = (backward, size(n - 1)) {
            state = start.map(|t| narrow(t, 0, 0, last))?;
        }
        for i in 0..n {
            let t = if backward { n - 1 - i } else { i };
            if let Some(now) = size(t) {
                let before = state.h.shape()[0] as i64;
                if now < before {
                    ended.push(state.map(|t| narrow(t, 0, now, before - now))?);
                    state = state.map(|t| narrow(t, 0, 0, now))?;
                } else if now > before {
                    let joining = start.map(|t| narrow(t, 0, before, now - before))?;
                    state = State::joined(&[state, joining])?;
                }
            }
            state = w.step(cell, &inputs[t], &state)?;
            outputs.push(state.h.clone());
        }
        if !ended.is_empty() {
            ended.push(state);
            ended.reverse();
            state = State::joined(&ended)?;
        }
        if backward {
            outputs.reverse();
        }
        Ok((self.join(&outputs)?, state))
    }
}

/// What all recurrent layers are told.
struct Layers<'a> {
    cell: Cell,
    biases: bool,
    count: i64,
    dropout: f64,
    directions: usize,
    params: SmallVec<[&'a Tensor; 4]>,
}

impl Layers<'_> {
    fn weights(&self, projected: bool) -> Result<Vec<Weights<'_>>> {
        let each = if self.biases { 4 } else { 2 } + projected as usize;
        ensure!(
            self.params.len().is_multiple_of(each),
            "MatrixRef: ArrayRef size {} not divisible by stride {each}",
            self.params.len()
        );
        let n = self.count.max(0) as usize * self.directions;
        ensure!(self.params.len() / each >= n, "Expected more parameters in stacked_rnn");
        Ok(self
            .params
            .chunks(each)
            .take(n)
            .map(|p| Weights {
                ih: p[0],
                hh: p[1],
                bias: self.biases.then(|| (p[2], p[3])),
                projection: projected.then(|| p[each - 1]),
            })
            .collect())
    }

    /// All layers: the last one's output, and the last state of every layer and direction.
    fn run(&self, mut x: Sequence, h0: &Tensor, c0: Option<&Tensor>) -> Result<(Tensor, Tensor, Option<Tensor>)> {
        ensure!(self.count > 0, "num_layers must be greater than zero");
        let steps = x.sizes.as_ref().map_or_else(|| x.data.shape().first().copied().unwrap_or(0), Vec::len);
        ensure!(steps > 0, "Expected sequence length to be larger than 0 in RNN");
        for h in [Some(h0), c0].into_iter().flatten() {
            ensure!(h.rank() == 3, "Expected hidden states of 3 dimensions in RNN, but got {}", h.rank());
        }
        let projected = c0.is_some_and(|c| c.shape()[2] != h0.shape()[2]);
        let weights = self.weights(projected)?;
        let (hs, cs) = (unbind(h0, 0)?, c0.map(|c| unbind(c, 0)).transpose()?);
        ensure!(
            hs.len() >= weights.len() && cs.as_ref().is_none_or(|c| c.len() >= weights.len()),
            "Expected more hidden states in stacked_rnn"
        );
        let mut last = vec![];
        for (layer, of_layer) in weights.chunks(self.directions).enumerate() {
            if layer > 0 && self.dropout != 0.0 {
                x.data = dropout::dropped(&x.data, self.dropout)?;
            }
            let mut outputs = vec![];
            for (direction, w) in of_layer.iter().enumerate() {
                let i = layer * self.directions + direction;
                let start = State { h: hs[i].clone(), c: cs.as_ref().map(|c| c[i].clone()) };
                let (output, state) = x.run(self.cell, w, &start, direction == 1)?;
                outputs.push(output);
                last.push(state);
            }
            let joined = match &outputs[..] {
                [one] => one.clone(),
                both => cat(&both.iter().collect::<Vec<_>>(), -1)?,
            };
            x = x.with(joined);
        }
        let hs: Vec<&Tensor> = last.iter().map(|s| &s.h).collect();
        let cs: Vec<&Tensor> = last.iter().filter_map(|s| s.c.as_ref()).collect();
        Ok((x.data, stack(&hs, 0)?, if cs.is_empty() { None } else { Some(stack(&cs, 0)?) }))
    }
}

/// The arguments after the hidden state: parameters, biases, layers, dropout, training, directions.
fn layers<'a>(a: &Args<'a, '_>, cell: Cell, first: usize) -> Result<Layers<'a>> {
    let train = a.bool(first + 4)?;
    Ok(Layers {
        cell,
        params: a.tensors(first)?,
        biases: a.bool(first + 1)?,
        count: a.int(first + 2)?,
        dropout: if train { a.float(first + 3)? } else { 0.0 },
        directions: 1 + a.bool(first + 5)? as usize,
    })
}

fn padded(a: &Args) -> Result<(Sequence, bool)> {
    let (x, batch_first) = (a.tensor(0)?, a.bool(8)?);
    ensure!(x.rank() == 3, "RNN: Expected input to be 3D, got {}D instead", x.rank());
    let data = if batch_first { transpose(x, 0, 1)? } else { x.clone() };
    Ok((Sequence { data, sizes: None }, batch_first))
}
fn packed(a: &Args) -> Result<Sequence> {
    let (x, sizes) = (a.tensor(0)?, a.tensor(1)?);
    ensure!(
        sizes.rank() == 1 && sizes.dtype() == DType::I64 && x.rank() >= 1,
        "batch_sizes tensor should be 1D and of type int64"
    );
    let sizes = sizes.to_vec::<i64>()?;
    ensure!(sizes.windows(2).all(|w| w[0] >= w[1]), "batch_sizes must be non-increasing");
    Ok(Sequence { data: x.clone(), sizes: Some(sizes) })
}
fn turned_back(y: &Tensor, batch_first: bool) -> Result<Tensor> {
    if batch_first { transpose(y, 0, 1) } else { Ok(y.clone()) }
}

fn two_states<'a>(a: &Args<'a, '_>, i: usize, op: &str) -> Result<(&'a Tensor, &'a Tensor)> {
    match a.tensors(i)?[..] {
        [h, c] => Ok((h, c)),
        _ => bail!("{op} expects two hidden states"),
    }
}

fn lstm_input(a: &Args) -> Result<(Tensor, Tensor, Tensor)> {
    let (h, c) = two_states(a, 1, "lstm")?;
    let (x, batch_first) = padded(a)?;
    let (y, h, c) = layers(a, Cell::Lstm, 2)?.run(x, h, Some(c))?;
    Ok((turned_back(&y, batch_first)?, h, c.expect("an LSTM has a cell state")))
}
fn lstm_data(a: &Args) -> Result<(Tensor, Tensor, Tensor)> {
    let (h, c) = two_states(a, 2, "lstm")?;
    let (y, h, c) = layers(a, Cell::Lstm, 3)?.run(packed(a)?, h, Some(c))?;
    Ok((y, h, c.expect("an LSTM has a cell state")))
}
fn one_input(a: &Args, cell: Cell) -> Result<(Tensor, Tensor)> {
    let (x, batch_first) = padded(a)?;
    let (y, h, _) = layers(a, cell, 2)?.run(x, a.tensor(1)?, None)?;
    Ok((turned_back(&y, batch_first)?, h))
}
fn one_data(a: &Args, cell: Cell) -> Result<(Tensor, Tensor)> {
    let (y, h, _) = layers(a, cell, 3)?.run(packed(a)?, a.tensor(2)?, None)?;
    Ok((y, h))
}

/// One step of one cell on (batch, features), or on one row.
fn cell(a: &Args, cell: Cell) -> Result<State> {
    let x = a.tensor(0)?;
    let (h, c) = match cell {
        Cell::Lstm => two_states(a, 1, "lstm_cell").map(|(h, c)| (h, Some(c)))?,
        _ => (a.tensor(1)?, None),
    };
    let (ih, hh) = (a.tensor(2)?, a.tensor(3)?);
    let bias = a.opt_tensor(4)?.zip(a.opt_tensor(5)?);
    ensure!(ih.rank() == 2 && hh.rank() == 2, "weights of a recurrent cell must be matrices");
    ensure!(x.rank() == 2 && h.rank() == 2, "Expected 2D input and hidden states, got {}D and {}D", x.rank(), h.rank());
    let (got, expected) = (x.shape()[1], ih.shape()[1]);
    ensure!(got == expected, "input has inconsistent input_size: got {got} expected {expected}");
    let size = hh.shape()[1];
    for (i, s) in [Some(h), c].into_iter().flatten().enumerate() {
        ensure!(s.rank() == 2, "Expected 2D hidden states, got {}D", s.rank());
        ensure!(
            x.shape()[0] == s.shape()[0],
            "Input batch size {} doesn't match hidden{i} batch size {}",
            x.shape()[0],
            s.shape()[0]
        );
        ensure!(
            s.shape()[1] == size,
            "hidden{i} has inconsistent hidden_size: got {}, expected {size}",
            s.shape()[1]
        );
    }
    let w = Weights { ih, hh, bias, projection: None };
    w.step(cell, &w.of_input(cell, x)?, &State { h: h.clone(), c: c.cloned() })
}

fn lstm_cell(a: &Args) -> Result<(Tensor, Tensor)> {
    let s = cell(a, Cell::Lstm)?;
    Ok((s.h, s.c.expect("an LSTM has a cell state")))
}

/// Parameters of `layers` layers of 2 features, with `gates` gates.
fn sample_params(s: &mut Samples, gates: usize, layers: usize) -> Value {
    s.domain = -0.7..0.7;
    let mut v = vec![];
    for _ in 0..layers {
        v.extend([s.tensor(&[2 * gates, 2]), s.tensor(&[2 * gates, 2]), s.tensor(&[2 * gates]), s.tensor(&[2 * gates])]);
    }
    v.into()
}
fn sample_state(s: &mut Samples, layers: usize) -> Value {
    vec![s.tensor(&[layers, 2, 2]), s.tensor(&[layers, 2, 2])].into()
}
fn batch_sizes() -> Value {
    Value::Tensor(Tensor::from_slice(&[2i64, 1], &[2]).expect("a sample is small"))
}
/// The options after the parameters, of one layer.
fn options() -> [Value; 5] {
    [true.into(), 1.into(), 0.0.into(), false.into(), false.into()]
}

rows! {
    /// LSTM layers (Hochreiter and Schmidhuber, 1997) over a padded batch of sequences: outputs, last hidden and cell states.
    "lstm.input(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor, Tensor)" "f"
    |a| lstm_input(a);
    |s| vec![[
        &[s.t(&[2, 2, 2]), sample_state(s, 2), sample_params(s, 4, 2), true.into(), 1.into(), 0.0.into(), false.into(), true.into()][..],
        &[true.into()],
    ].concat()];
    /// LSTM layers over packed sequences.
    "lstm.data(Tensor data, Tensor batch_sizes, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor, Tensor)" "f"
    |a| lstm_data(a);
    |s| vec![[&[s.t(&[3, 2]), batch_sizes(), sample_state(s, 1), sample_params(s, 4, 1)][..], &options()].concat()];
    /// One step of an LSTM: the new hidden and cell states.
    "lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> (Tensor, Tensor)" "f"
    |a| lstm_cell(a);
    |s| vec![vec![
        s.t(&[2, 2]), vec![s.tensor(&[2, 2]), s.tensor(&[2, 2])].into(), s.t(&[8, 2]), s.t(&[8, 2]), s.t(&[8]), s.t(&[8]),
    ]];
    /// GRU layers (Cho et al., 2014) over a padded batch of sequences: outputs and last hidden states.
    "gru.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)" "f"
    |a| one_input(a, Cell::Gru);
    |s| vec![[
        &[s.t(&[2, 2, 2]), s.t(&[1, 2, 2]), sample_params(s, 3, 1)][..], &options(), &[false.into()],
    ].concat()];
    /// GRU layers (Cho et al., 2014) over packed sequences.
    "gru.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)" "f"
    |a| one_data(a, Cell::Gru);
    |s| vec![[
        &[s.t(&[3, 2]), batch_sizes(), s.t(&[2, 2, 2]), sample_params(s, 3, 2)][..],
        &[true.into(), 1.into(), 0.0.into(), false.into(), true.into()],
    ].concat()];
    /// One step of a GRU: the new hidden state.
    "gru_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor" "f"
    |a| Ok::<_, crate::Error>(cell(a, Cell::Gru)?.h);
    |s| vec![vec![s.t(&[2, 2]), s.t(&[2, 2]), s.t(&[6, 2]), s.t(&[6, 2]), s.t(&[6]), s.t(&[6])]];
    /// Plain recurrent layers with tanh over a padded batch of sequences: outputs and last hidden states.
    "rnn_tanh.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)" "f"
    |a| one_input(a, Cell::Tanh);
    |s| vec![[
        &[s.t(&[2, 2, 2]), s.t(&[1, 2, 2]), sample_params(s, 1, 1)][..], &options(), &[false.into()],
    ].concat()];
    /// Plain recurrent layers with tanh over packed sequences.
    "rnn_tanh.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)" "f"
    |a| one_data(a, Cell::Tanh);
    |s| vec![[
        &[s.t(&[3, 2]), batch_sizes(), s.t(&[2, 2, 2]), sample_params(s, 1, 2)][..],
        &[true.into(), 1.into(), 0.0.into(), false.into(), true.into()],
    ].concat()];
    /// One step of a plain recurrent layer with tanh: the new hidden state.
    "rnn_tanh_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor" "f"
    |a| Ok::<_, crate::Error>(cell(a, Cell::Tanh)?.h);
    |s| vec![vec![s.t(&[2, 2]), s.t(&[2, 2]), s.t(&[2, 2]), s.t(&[2, 2]), s.t(&[2]), s.t(&[2])]];
    /// Plain recurrent layers with ReLU over a padded batch of sequences: outputs and last hidden states.
    "rnn_relu.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)" "f"
    |a| one_input(a, Cell::Relu);
    |s| vec![[
        &[s.t(&[2, 2, 2]), s.t(&[1, 2, 2]), sample_params(s, 1, 1)][..], &options(), &[false.into()],
    ].concat()];
    /// Plain recurrent layers with ReLU over packed sequences.
    "rnn_relu.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)" "f"
    |a| one_data(a, Cell::Relu);
    |s| vec![[
        &[s.t(&[3, 2]), batch_sizes(), s.t(&[2, 2, 2]), sample_params(s, 1, 2)][..],
        &[true.into(), 1.into(), 0.0.into(), false.into(), true.into()],
    ].concat()];
    /// One step of a plain recurrent layer with ReLU: the new hidden state.
    "rnn_relu_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor" "f"
    |a| Ok::<_, crate::Error>(cell(a, Cell::Relu)?.h);
    |s| vec![vec![s.t(&[2, 2]), s.t(&[2, 2]), s.t(&[2, 2]), s.t(&[2, 2]), s.t(&[2]), s.t(&[2])]];
}
