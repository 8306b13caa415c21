#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An independent reader: runs a network in numpy from a NIR or safetensors file alone.

read_models.py INPUTS.json FOLDER compares, for each folder in it, what it computes for the inputs from
each file of a model by itself with what the daemon's predict said (said.json): spike counts exactly,
scores to 1e-4. Constant encoding, evaluation. Of a nodes.nir the metadata are left alone. A line each:
"ok" or "FAILED" and the folder's name."""
import json
import math
import os
import sys

import h5py
import numpy as np

# ---------------------------------------------------------------- neurons, by the exact rules


def weights_of(rule, steps):
    """The solver's table: y[k+1] = a f[k] - sum w[d] y[k+1-d], or pred's sum of f."""
    h, kind = rule["step"], rule["solver"]
    lags = steps - 1 if rule["memory"] < 0 else min(rule["memory"], steps - 1)
    d = np.arange(lags + 1)
    alphas = rule["alpha"]
    if kind == "gl":
        lead, w = 0.0, np.zeros(lags + 1)
        for q, al in zip(rule["coefficients"] if len(alphas) > 1 else [1.0], alphas):
            c = np.ones(lags + 1)
            for k in range(1, lags + 1):
                c[k] = c[k - 1] * (1 - (1 + al) / k)
            lead += q * h ** -al
            w += q * h ** -al * c
        return 1 / lead, w / lead, False
    al = alphas[0]
    if kind == "pred":
        return 0, h ** al / math.gamma(al + 1) * ((d + 1.0) ** al - d ** al), True
    w = np.ones(lags + 1)  # l1
    b = (d + 1.0) ** (1 - al) - np.where(d > 0, d, 0) ** (1 - al) if al < 1 else (d == 0) * 1.0
    w[1:] = b[1:] - b[:-1]
    return math.gamma(2 - al) * h ** al, w, False


def run_neurons(rule, current, own=None):
    """current [T, n] (own(s) adds the spikes' own share) -> spikes, membranes [T, n]."""
    steps, n = current.shape
    theta, reset = rule["threshold"], rule["reset"]
    s_all, u_all = np.zeros((steps, n)), np.zeros((steps, n))
    v, aux, s = np.zeros(n), np.zeros(n), np.zeros(n)
    ys, fs = [v], []
    solved = rule["neuron"] not in ("leaky", "synaptic")
    if solved and rule["solver"] != "euler":
        a, w, sums_f = weights_of(rule, steps)
    for t in range(steps):
        i = current[t] + (own(s) if own and t else 0)
        if not solved:
            fired = (v > theta) * 1.0
            lost = fired if reset == "zero" and (own or rule["neuron"] == "synaptic") else 0
            if rule["neuron"] == "synaptic":
                aux = rule["alpha_syn"] * aux + i
                i = aux
            u = rule["beta"] * v * (1 - fired * (reset == "zero")) + (1 - lost) * i
            u = u - fired * theta * (reset in ("subtract", "scaled"))
            s = (u > theta) * 1.0
            v = u
            if not rule["reset_delay"]:
                v = u - (s - fired) * (theta * (reset in ("subtract", "scaled")) + u * (reset == "zero"))
                u = v
            s_all[t], u_all[t] = s, u
            continue
        if rule["neuron"] == "cuba_lif":
            aux = aux + rule["step"] / rule["tau_syn"] * (rule.get("w_in", 1) * i - aux)
            i = aux
        i = rule.get("r", 1) * i
        th = theta + (rule["beta_adapt"] * aux if rule["neuron"] == "alif" else 0)
        f0 = (i - (rule["neuron"] != "if") * v) / rule["tau"]
        u = v + f0
        s = (u >= th) * 1.0
        f = f0 - s * th / rule["tau"] * (reset == "scaled")
        if rule["solver"] == "euler":
            y = v + rule["step"] * f
        elif sums_f:
            y = w[0] * f + sum(w[d] * fs[t - d] for d in range(1, min(t, len(w) - 1) + 1))
        else:
            y = a * f - sum(w[d] * ys[t + 1 - d] for d in range(1, min(t, len(w) - 1) + 1))
        taken = s * (th * (reset == "subtract") + y * (reset == "zero"))
        v = y - taken
        fs.append(f - (taken / w[0] if rule["solver"] == "pred" else 0))
        ys.append(v)
        if rule["neuron"] == "alif":
            aux = (1 - rule["step"] / rule["tau_adapt"]) * aux + s
        s_all[t], u_all[t] = s, u
    return s_all, u_all


# ---------------------------------------------------------------------------------- synapses


def conv(x, weight, bias, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = weight.shape[2:]
    win = np.lib.stride_tricks.sliding_window_view(x, k, axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("tcyxij,ocij->toyx", win, weight) + bias[:, None, None]


def pool(x, kernel, stride, how):
    win = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return how(win[:, :, ::stride, ::stride], axis=(4, 5))


# ----------------------------------------------------------------------------------- readers


def scalar(x):
    x = x[()]
    return x.decode() if isinstance(x, bytes) else x


def plain_rule(node, dt=1e-3):
    """What the node alone says: first order, fires above its threshold, is set to v_reset = 0."""
    kind = scalar(node["type"])
    flat = {k: node[k][()].reshape(-1).astype(float) for k in node if k not in ("type", "metadata")}
    assert (flat["v_reset"] == 0).all() and (flat.get("v_leak", 0) == np.zeros(1)).all()
    rule = {"neuron": {"LIF": "lif", "IF": "if", "CubaLIF": "cuba_lif"}[kind], "solver": "euler"}
    rule.update(reset="zero", step=1, threshold=flat["v_threshold"])
    if kind == "IF":
        return dict(rule, tau=1 / (dt * flat["r"]))
    if kind == "LIF":
        return dict(rule, tau=flat["tau"] / dt, r=flat["r"])
    return dict(rule, tau=flat["tau_mem"] / dt, r=flat["r"], tau_syn=flat["tau_syn"] / dt, w_in=flat["w_in"])


def exact_rule(node):
    m = {k: scalar(v) if v.shape == () else v[()] for k, v in node["metadata"].items()}
    rule = {k.split("_", 1)[1]: v for k, v in m.items() if k.startswith("neuron_")}
    rule.update({k: m[k] for k in ("neuron", "solver", "reset", "alpha", "coefficients", "memory")})
    dt = m["dt"]
    flat = {k: node[k][()].reshape(-1).astype(float) for k in node if k not in ("type", "metadata")}
    rule["threshold"] = flat["v_threshold"]
    kind = scalar(node["type"])
    if rule["neuron"] in ("leaky", "synaptic"):
        tau = flat["tau_mem" if kind == "CubaLIF" else "tau"]
        rule["beta"] = 1 - dt / tau
        if kind == "CubaLIF":
            rule["alpha_syn"] = 1 - dt / flat["tau_syn"]
    elif kind == "IF":
        rule["tau"] = 1 / (dt * flat["r"])
    else:
        rule["tau"] = flat["tau_mem" if kind == "CubaLIF" else "tau"] / dt
    rule["solver"] = {"trap": "l1"}.get(rule["solver"], rule["solver"])
    return rule


def run_nir(path, inputs, rule_of):
    """Follows the edges from input to output. -> spikes or values, membranes of the last node."""
    with h5py.File(path, "r") as f:
        assert scalar(f["version"]) and scalar(f["node/type"]) == "NIRGraph"
        nodes, told = f["node/nodes"], f["node/metadata"]
        after = {a.decode(): b.decode() for a, b in f["node/edges"][()]}
        steps = int(scalar(told["time_steps"]))
        gain = json.loads(scalar(told["config"])).get("encoding", {}).get("gain", 1.0)
        answers = []
        for x in inputs:
            at = "input"
            shape = tuple(nodes["input/shape"][()])
            s = np.tile(gain * np.asarray(x, float).reshape(1, *shape), (steps,) + (1,) * len(shape))
            u = s
            while (at := after[at]) != "output":
                node = nodes[at]
                kind = scalar(node["type"])
                get = lambda k: node[k][()].astype(float)
                if kind == "Affine":
                    s = u = s.reshape(steps, -1) @ get("weight").T + get("bias")
                elif kind == "Conv2d":
                    s = u = conv(s, get("weight"), get("bias"), int(node["stride"][0]), int(node["padding"][0]))
                elif kind in ("AvgPool2d", "SumPool2d"):
                    how = np.mean if kind == "AvgPool2d" else np.max  # metadata: a sum stands for max
                    s = u = pool(s, int(node["kernel_size"][0]), int(node["stride"][0]), how)
                elif kind == "Flatten":
                    s = u = s.reshape(steps, -1)
                elif kind == "NIRGraph":
                    own, cell = node["nodes/own"], node["nodes/neuron"]
                    edges = {tuple(e) for e in node["edges"].asstr()[()].tolist()}
                    assert ("neuron", "own") in edges and ("own", "neuron") in edges
                    scales = scalar(own["type"]) == "Scale"
                    w = own["scale" if scales else "weight"][()].astype(float)
                    b = own["bias"][()].astype(float) if "bias" in own else 0
                    back = (lambda v: w * v + b) if scales else (lambda v: w @ v + b)
                    s, u = run_neurons(rule_of(cell), s.reshape(steps, -1), back)
                else:
                    s2, u = run_neurons(rule_of(node), s.reshape(steps, -1))
                    s = s2.reshape(s.shape)
            answers.append((s.reshape(steps, -1), u.reshape(steps, -1)))
        population = json.loads(scalar(told["config"])).get("readout", {}).get("population", 1)
        return answers, scalar(told["readout"]), population


def read_safetensors(path):
    raw = open(path, "rb").read()
    size = int.from_bytes(raw[:8], "little")
    head = json.loads(raw[8 : 8 + size])
    meta = head.pop("__metadata__")
    tensors = {}
    for name, t in head.items():
        a, b = t["data_offsets"]
        tensors[name] = np.frombuffer(raw[8 + size + a : 8 + size + b], "<f4").reshape(t["shape"]).astype(float)
    return meta, tensors


def told_rule(neuron, tensors, name):
    """Of a neuron as a job has it, learned constants in place of what they began from."""
    rule = dict(neuron, neuron=neuron["model"], memory=-1 if neuron["memory"] is None else neuron["memory"])
    listed = lambda x: x if isinstance(x, list) else [x]
    rule.update(alpha=listed(rule["alpha"]), coefficients=listed(rule["coefficients"]))
    for constant in ("tau", "threshold", "alpha", "coefficients", "beta", "alpha_syn"):
        if name + "." + constant in tensors:
            rule[constant] = tensors[name + "." + constant]
    for share in ("beta", "alpha_syn"):
        if share in rule:
            rule[share] = np.clip(rule[share], 0, 1)
    rule["solver"] = {"trap": "l1"}.get(rule["solver"], rule["solver"])
    return rule


def run_layer(layer, tensors, s):
    """s [T, ...] of the layer below -> spikes or values, membranes."""
    kind, name, steps = layer["kind"], layer["name"], len(s)
    get, own = lambda role: tensors[name + "." + role], None
    if kind in ("dense", "recurrent"):
        s = s.reshape(steps, -1) @ get("weight").T + get("bias")
    if kind == "recurrent":
        w, b = get("recurrent_weight"), tensors.get(name + ".recurrent_bias", 0)
        own = (lambda v: w * v + b) if w.ndim == 1 else (lambda v: w @ v + b)
    elif kind == "conv2d":
        s = conv(s, get("weight"), get("bias"), layer["stride"], layer["padding"])
    elif kind in ("max_pool2d", "avg_pool2d"):
        stride = layer["stride"] or layer["kernel"]
        s = pool(s, layer["kernel"], stride, np.max if kind == "max_pool2d" else np.mean)
    elif kind == "flatten":
        s = s.reshape(steps, -1)
    else:
        assert kind in ("dense", "dropout"), kind  # nothing is dropped in evaluation
    if layer["neuron"] is None:
        return s, s
    rule = told_rule(layer["neuron"], tensors, name)
    spikes, u = run_neurons(rule, s.reshape(steps, -1), own)
    return spikes.reshape(s.shape), u


def run_safetensors(path, inputs):
    meta, tensors = read_safetensors(path)
    net = json.loads(meta["network"])
    steps, shape = net["encoding"]["time_steps"], tuple(net["input"])
    answers = []
    for x in inputs:
        s = net["encoding"]["gain"] * np.asarray(x, float).reshape(1, *shape)
        s = u = np.tile(s, (steps,) + (1,) * len(shape))
        for layer in net["layers"]:
            s, u = run_layer(layer, tensors, s)
        answers.append((s.reshape(steps, -1), u.reshape(steps, -1)))
    return answers, net["readout"]["kind"], net["readout"]["population"]


SCORES = {
    "spike_mean": lambda s, u: s.mean(0),
    "spike_count": lambda s, u: s.sum(0),
    "membrane_mean": lambda s, u: u.mean(0),
    "membrane_max": lambda s, u: u.max(0),
    "membrane_last": lambda s, u: u[-1],
}


def compare(answers, readout, population, said):
    grouped = lambda y: y.reshape(len(y), -1, population).sum(2)
    for (s, u), want in zip(answers, said["data"]):
        scores = SCORES[readout](grouped(s), grouped(u))
        np.testing.assert_allclose(scores, want["scores"], rtol=1e-4, atol=1e-4)
        if want["spike_counts"] is not None:
            np.testing.assert_array_equal(s.sum(0), want["spike_counts"])
        assert int(np.argmax(scores)) == want["class"]


def check(folder, inputs):
    said = json.load(open(os.path.join(folder, "said.json")))
    files = [f for f in sorted(os.listdir(folder)) if f.startswith(("model.", "nodes."))]
    assert files, "no file of a model"
    for name in files:
        path = os.path.join(folder, name)
        if name.endswith(".safetensors"):
            found = run_safetensors(path, inputs)
        else:
            found = run_nir(path, inputs, plain_rule if name == "nodes.nir" else exact_rule)
        compare(*found, said)


def main():
    inputs = json.load(open(sys.argv[1]))
    for name in sorted(os.listdir(sys.argv[2])):
        try:
            check(os.path.join(sys.argv[2], name), inputs)
            print("ok", name)
        except Exception as e:
            print("FAILED", name, type(e).__name__, " ".join(str(e).split()))


main()
