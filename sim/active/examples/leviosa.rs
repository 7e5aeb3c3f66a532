//! All linear layers of a network at once in the style of LevioSA, each on the reference's activations, shared at random: `cargo run --release -p fusion-active --example leviosa MODEL.onnx [SIZE BLOCK [IMAGES]]`.
//! It prints whether every output is the reference's, what was sent beside what was predicted, and the error.

use fusion_2pc::random::{Seed, Simulated};
use fusion_2pc::role::Role;
use fusion_2pc::wire::clock::LinkSpeed;
use fusion_2pc::wire::link::Link;
use fusion_active::field::{add, element, integer, sub, uniform};
use fusion_active::leviosa::cost::{Size, cost};
use fusion_active::leviosa::layout::Layout;
use fusion_active::leviosa::packed::Code;
use fusion_active::leviosa::product::{Own, Task, multiply};
use fusion_active::leviosa::soundness::terms;
use fusion_active::{linear::Linear, soundness::bound};
use fusion_nn::fixed::{Faithful, FixedModel, FixedOp};
use fusion_nn::model::Value;

mod given;

/// The linear layers of a network, with what goes into them and comes out of them for some images.
#[derive(Default)]
struct Layers {
    shapes: Vec<Linear>,
    weights: Vec<u64>,
    inputs: Vec<u64>,
    /// The outputs of the reference without its biases.
    outputs: Vec<i64>,
}

impl Layers {
    fn of(model: &FixedModel, images: &[Vec<u8>]) -> Result<Self, Box<dyn std::error::Error>> {
        let mut layers = Self::default();
        let reference = |image: &Vec<u8>| Ok((model.pixels(image)?, model.evaluate(image, &mut Faithful)?));
        let of_images = images.iter().map(reference).collect::<Result<Vec<_>, fusion_nn::fixed::WrongSize>>()?;
        for (index, layer) in model.layers().iter().enumerate() {
            let (FixedOp::Conv { weights, start, .. } | FixedOp::Gemm { weights, start }) = &layer.op else { continue };
            let (shape, from) = match layer.inputs[0] {
                Value::Input => (&model.image()[..], None),
                Value::Layer(from) => (&model.layers()[from].shape[..], Some(from)),
            };
            let linear = Linear::of(layer, shape).ok_or("the layer is linear")?;
            layers.weights.extend(weights.iter().map(|&weight| element(weight)));
            let each = linear.outputs() / start.len();
            for (pixels, values) in &of_images {
                let input = from.map_or(pixels, |from| &values[from]);
                layers.inputs.extend(input.iter().map(|&x| element(x)));
                layers.outputs.extend(values[index].iter().enumerate().map(|(at, &y)| y - start[at / each]));
            }
            layers.shapes.push(linear);
        }
        Ok(layers)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, numbers @ ..] = &arguments[..] else { return Err("the path of a model is missing".into()) };
    let numbers: Vec<usize> = numbers.iter().map(|number| number.parse()).collect::<Result<_, _>>()?;
    let (size, block, count) = match numbers[..] {
        [] => (512, 128, 1),
        [size, block] => (size, block, 1),
        [size, block, count] => (size, block, count),
        _ => return Err("after the model come the size of a code, its block, and the number of images".into()),
    };
    let layers = Layers::of(&given::network(model)?, &given::digits(count)?)?;
    let code = Code::new(size, block).ok_or("no such code has an error of at most 2^-42")?;
    let layout = Layout::of(&layers.shapes, count, &code);
    let mut rng = Seed([7; 32]).stream();
    let of_server: Vec<u64> = layers.inputs.iter().map(|_| uniform(&mut rng)).collect();
    let of_client: Vec<u64> = layers.inputs.iter().zip(&of_server).map(|(&x, &part)| sub(x, part)).collect();
    let task = Task { code: &code, layout: &layout, shared: true };
    let (client, server) = Link::pair(LinkSpeed::LAN);
    let [own, theirs] = std::thread::scope(|scope| {
        let server = scope
            .spawn(|| multiply(server, Simulated(Seed([2; 32])), task, Own::Server([&layers.weights, &of_server])));
        let client = multiply(client, Simulated(Seed([1; 32])), task, Own::Client(&of_client));
        Ok::<_, Box<dyn std::error::Error>>([client?, server.join().map_err(|_| "the server panicked")??])
    })?;
    let outputs = own.outputs.iter().zip(&theirs.outputs).map(|(&a, &b)| integer(add(a, b)));
    println!("every output is the reference's: {}", outputs.eq(layers.outputs.iter().copied()));
    let (meter, size) = (own.link.meter(), Size::of(&layout, true));
    let sent = [Role::Client, Role::Server].map(|role| meter.sent(role, None).bytes);
    let (predicted, products) = (cost(&code, size), layout.products());
    println!("{products} products in {} pairs of blocks of {block}, by {} servers", layout.blocks(), code.servers());
    println!("sent: {} and {} bytes; predicted: {:?}", sent[0], sent[1], predicted.sent);
    println!("{} bytes a product, {} rounds", predicted.bytes() / products, meter.rounds());
    for term in terms(&code, size) {
        println!("{}: 2^{:.1}", term.name, term.total().to_f64().log2());
    }
    println!("together: 2^{:.1}", bound(&terms(&code, size)).to_f64().log2());
    Ok(())
}
