// Makes tfjs.json: a model with every supported layer, and the result of TensorFlow.js for it, with weights from a
// formula.
//
//     npm install --no-save @tensorflow/tfjs@4 && node test/net/vectors/tfjs.mjs
//
// The test computes the weights again from their shapes, so that they are not stored.
import { writeFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'

/** Returns numbers from -1 to below 1 in steps of 2^-15. */
const numbers = (count, seed) =>
  Float32Array.from({ length: count }, (_, i) => {
    let k = (Math.imul(i, 2654435761) + seed * 40503 + 12345) >>> 0
    k = Math.imul(k ^ (k >>> 15), 2246822519) >>> 0
    return (k >>> 16) / 32768 - 1
  })

const { layers } = tf
const input = tf.input({ shape: [null, null, 3] })
const same = 'same'
let x = layers
  .zeroPadding2d({
    padding: [
      [1, 2],
      [0, 3],
    ],
  })
  .apply(input)
x = layers
  .conv2d({ filters: 6, kernelSize: [3, 2], padding: same, dilationRate: 2, activation: 'relu' })
  .apply(x)
x = layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: same }).apply(x)
x = layers.batchNormalization({}).apply(x)
x = layers.prelu({ sharedAxes: [1, 2] }).apply(x)
const skip = x
x = layers.maxPooling2d({ poolSize: 2, padding: same }).apply(x)
x = layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: same }).apply(x)
x = layers.leakyReLU({ alpha: 0.125 }).apply(x)
x = layers.separableConv2d({ filters: 8, kernelSize: 3, padding: same, activation: 'tanh' }).apply(x)
x = layers
  .conv2dTranspose({ filters: 8, kernelSize: 3, strides: 2, padding: same, activation: 'elu' })
  .apply(x)
x = layers.add().apply([x, skip])
let gate = layers.globalAveragePooling2d({}).apply(x)
gate = layers.reshape({ targetShape: [1, 1, 8] }).apply(gate)
gate = layers.dense({ units: 4, activation: 'relu' }).apply(gate)
gate = layers.dense({ units: 8, activation: 'sigmoid' }).apply(gate)
x = layers.multiply().apply([x, gate])
x = layers.concatenate({ axis: -1 }).apply([x, skip])
x = layers.averagePooling2d({ poolSize: 3, strides: 1, padding: same }).apply(x)
const shared = layers.conv2d({ filters: 16, kernelSize: 1 })
x = shared.apply(shared.apply(x))
const sides = [1, 2].map(() => layers.conv2d({ filters: 5, kernelSize: 1 }).apply(x))
x = layers.average().apply([...sides, layers.maximum().apply(sides), layers.minimum().apply(sides)])
x = layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }).apply(x)
x = layers
  .conv2dTranspose({ filters: 4, kernelSize: 2, strides: 3, padding: same, activation: 'swish' })
  .apply(x)
x = layers
  .cropping2D({
    cropping: [
      [1, 2],
      [30, 25],
    ],
  })
  .apply(x)
x = layers.upSampling2d({ size: [2, 1] }).apply(x)
x = layers.dropout({ rate: 0.5 }).apply(x)
x = layers.conv2dTranspose({ filters: 3, kernelSize: 5, strides: 2, activation: 'hardSigmoid' }).apply(x)
x = layers.activation({ activation: 'softmax' }).apply(x)
const model = tf.model({ inputs: input, outputs: x })

model.setWeights(
  model.weights.map(({ name, shape }, i) => {
    const count = shape.reduce((a, b) => a * b, 1)
    const scale = shape.length > 1 ? 0.25 : 0.125
    const values = numbers(count, i).map((n) => (name.includes('variance') ? n / 4 + 1 : n * scale))
    return tf.tensor(values, shape)
  }),
)
const size = [1, 8, 12, 3]
const given = tf.tensor4d(
  numbers(288, 1000).map((n) => (n + 1) / 2),
  size,
)
const made = model.predict(given)
const values = made.dataSync()
const step = 211
let topology
await model.save({
  async save(artifacts) {
    topology = artifacts
    return { modelArtifactsInfo: {} }
  },
})
writeFileSync(
  new URL('tfjs.json', import.meta.url),
  `${JSON.stringify({
    modelTopology: topology.modelTopology,
    weights: topology.weightSpecs.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
    // [N,H,W,C]
    output: made.shape,
    step,
    samples: [...values].filter((_, i) => i % step === 0).map((n) => Number(n.toPrecision(8))),
  })}\n`,
)
