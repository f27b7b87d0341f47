import type { Architecture, Layers } from './architecture.ts'

/** Two convolutions with batch norm, named by their numbers in `nn.Sequential`. */
function pair(layers: Layers, name: string, x: string): string {
  let value = x
  for (const [conv, norm] of [
    [0, 1],
    [3, 4],
  ]) {
    value = layers.relu(layers.batchNorm(`${name}.${norm}`, layers.conv(`${name}.${conv}`, value)))
  }
  return value
}

/** Pads a value with zeros to the size of another one. Half of the padding, rounded down, goes at the top and left. */
function fitted(layers: Layers, x: string, like: string): string {
  const { builder } = layers
  const size = (value: string) =>
    layers.node('Slice', [layers.node('Shape', [value]), builder.ints([2]), builder.ints([4])])
  const missing = layers.subtract(size(like), size(x))
  const before = layers.node('Div', [missing, builder.ints([2])])
  const none = builder.ints([0, 0])
  const pads = [none, before, none, layers.subtract(missing, before)]
  return layers.node('Pad', [x, layers.node('Concat', pads, { axis: 0 }), builder.floats(0)])
}

/** U-Net (Ronneberger et al., 2015) in milesial's version: padded convolutions with batch norm. Outputs class scores. */
export const unet: Architecture = {
  name: 'U-Net',
  summary: 'U-Net: segmentation (milesial); inc.double_conv.0.weight outc.conv.weight',
  build(layers, x) {
    const steps = layers.run((i) => `down${i + 1}.maxpool_conv.1.double_conv.0`)
    if (steps === 0 || !layers.hasAll('inc.double_conv.0.weight', 'outc.conv.weight')) return undefined
    const levels = [pair(layers, 'inc.double_conv', x)]
    for (let i = 1; i <= steps; i++) {
      levels.push(pair(layers, `down${i}.maxpool_conv.1.double_conv`, layers.maxPool(levels.at(-1)!, 2)))
    }
    let value = levels.pop()!
    for (let i = 1; i <= steps; i++) {
      const beside = levels.pop()!
      const larger = layers.has(`up${i}.up.weight`)
        ? layers.convTranspose(`up${i}.up`, value, { stride: 2 })
        : layers.upsample(value, 2, 'linear-corners')
      value = pair(layers, `up${i}.conv.double_conv`, layers.concat(beside, fitted(layers, larger, beside)))
    }
    const [, channels = 3] = layers.shape('inc.double_conv.0.weight', 4)
    const output = layers.conv('outc.conv', value)
    const meaning = {
      inRange: '0..1',
      ...(channels === 3 && { channels: 'rgb' as const }),
      scale: 1,
    } as const
    return { output, channels, meaning }
  },
}

/** U-Net in mateuszbuda's version. Outputs the probability of a single class. */
export const brainUnet: Architecture = {
  name: 'U-Net of one class',
  summary: 'U-Net: segmentation (mateuszbuda); encoder1.enc1conv1.weight upconv4.weight',
  build(layers, x) {
    const steps = layers.run((i) => `encoder${i + 1}.enc${i + 1}conv1`)
    if (steps === 0 || !layers.hasAll('upconv1.weight', 'conv.weight')) return undefined
    const both = (name: string, short: string, value: string) =>
      [1, 2].reduce(
        (inner, i) =>
          layers.relu(
            layers.batchNorm(`${name}.${short}norm${i}`, layers.conv(`${name}.${short}conv${i}`, inner)),
          ),
        value,
      )
    const levels: string[] = []
    let value = x
    for (let i = 1; i <= steps; i++) {
      levels.push(both(`encoder${i}`, `enc${i}`, value))
      value = layers.maxPool(levels.at(-1)!, 2)
    }
    value = both('bottleneck', 'bottleneck', value)
    for (let i = steps; i >= 1; i--) {
      const larger = layers.convTranspose(`upconv${i}`, value, { stride: 2 })
      value = both(`decoder${i}`, `dec${i}`, layers.concat(larger, levels.pop()!))
    }
    const [, channels = 3] = layers.shape('encoder1.enc1conv1.weight', 4)
    const output = layers.sigmoid(layers.conv('conv', value))
    return { output, channels, meaning: { outRange: '0..1', scale: 1, multiple: 2 ** steps } }
  },
}
