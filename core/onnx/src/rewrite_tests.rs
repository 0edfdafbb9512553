//! What is rewritten, and that it computes what it did.

use super::*;
use crate::file::File;
use crate::graph::tests::case;
use crate::load::tests::data;
use crate::session::{Rten, Runtime};
use crate::tensor::Tensor;

fn operators(model: &ModelProto) -> Vec<&str> {
    let nodes = &model.graph.as_ref().unwrap().node;
    nodes.iter().filter_map(|n| n.op_type.as_deref()).collect()
}

fn run(file: &File, rewrites: bool, inputs: &[(String, Tensor)]) -> Tensor {
    let inputs = inputs.iter().enumerate().map(|(i, (_, t))| (i, t.clone())).collect();
    let mut session = Rten::load(file, rewrites).unwrap().session().unwrap();
    session.run(inputs, &[0]).unwrap().remove(0)
}

#[test]
fn the_rewritten_graph_equals_the_original() {
    for name in ["transposed_1", "transposed_2", "transposed_3", "transposed_crop"] {
        let file = File::read(&data(&format!("{name}.onnx"))).unwrap();
        let (inputs, _) = case(name);
        let (before, after) = (run(&file, false, &inputs), run(&file, true, &inputs));
        assert_eq!(before.shape, after.shape, "{name}");
        let (a, b) = (before.as_floats().unwrap(), after.as_floats().unwrap());
        let most = a.iter().zip(b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(most < 2e-6, "{name}: {most}");
    }
}

#[test]
fn all_of_a_decoder_is_rewritten() {
    let mut model = ModelProto::parse_buf(&data("decoder.onnx")).unwrap();
    assert_eq!(operators(&model).iter().filter(|op| **op == "ConvTranspose").count(), 3);
    assert_eq!(transposed_convolutions(&mut model), 3);
    assert!(!operators(&model).contains(&"ConvTranspose"));
    assert_eq!(transposed_convolutions(&mut model), 0);
}

#[test]
fn what_it_does_not_fit_stays() {
    let changes: [fn(&mut NodeProto); 5] = [
        |node| node.attribute.push(AttributeProto { i: Some(3), ..ints("group", vec![]) }),
        |node| node.attribute.push(ints("dilations", vec![2])),
        |node| node.attribute.push(ints("output_padding", vec![1])),
        |node| node.input[1] = "x".to_owned(),
        // Eight taps are no whole strides of three.
        |node| node.attribute[1].ints = vec![3],
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut model = ModelProto::parse_buf(&data("transposed_2.onnx")).unwrap();
        let node = &mut model.graph.as_mut().unwrap().node[0];
        assert_eq!(node.attribute[1].name.as_deref(), Some("strides"));
        change(node);
        assert_eq!(transposed_convolutions(&mut model), 0, "change {i}");
    }
}

#[test]
fn kernels_are_told_once() {
    let mut model = ModelProto::parse_buf(&data("wavenet_plain.onnx")).unwrap();
    assert_eq!(kernels(&mut model), 26);
    assert_eq!(kernels(&mut model), 0);
}
