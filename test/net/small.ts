import type { Network } from '../../src/net/network.ts'

/** SRCNN with few channels: the smallest network that can be recognised. */
export const srcnn = (data: (count: number, index: number) => Float32Array = ramp) => {
  const shapes = {
    'conv1.weight': [2, 1, 9, 9],
    'conv1.bias': [2],
    'conv2.weight': [2, 2, 1, 1],
    'conv3.weight': [1, 2, 5, 5],
  }
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      return [
        name,
        {
          shape,
          data: data(
            shape.reduce((a, b) => a * b, 1),
            i,
          ),
        },
      ] as const
    }),
  )
}

/** Quarters, which are exact in every type. */
export const ramp = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((i % 41) - 20) / 4)

/** Formats the nodes of a network, each as `operator(inputs) -> outputs`. */
export const textOf = ({ nodes }: Network): string[] =>
  nodes.map(({ operator, inputs, outputs }) => `${operator}(${inputs.join(', ')}) -> ${outputs.join(', ')}`)
