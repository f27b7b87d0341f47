import { sizeOf } from '../tensor/tensor.ts'
import { type Constant, type Network, type NetworkNode, readsOf } from './network.ts'

// Batch normalisation after a bank is folded into its weights: with k = gamma / √(variance + epsilon), they become w · k
// and (bias − mean) · k + beta, computed in double precision and rounded to float32 once. This is the definition of such
// a pair. After anything else, batch normalisation is a step of its own.

/** A network with batch normalisations folded into the banks before them. */
export type Folded = {
  readonly network: Network
  readonly folded: readonly (readonly [norm: string, bank: string])[]
}

/** Folds batch normalisations where possible. */
export function folded(network: Network): Folded {
  const { nodes } = network
  const users = new Map<string, number>()
  const count = (name: string) => users.set(name, (users.get(name) ?? 0) + 1)
  for (const node of nodes) readsOf(node).forEach(count)
  for (const { name } of network.outputs) count(name)
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
  const constants = new Map(network.constants)
  for (const { operator, attributes, outputs } of nodes) {
    const value = attributes.get('value')
    if (operator === 'Constant' && typeof value === 'object' && 'type' in value)
      constants.set(outputs[0]!, value)
  }
  const out = new Map<NetworkNode, NetworkNode | undefined>()
  const pairs: [string, string][] = []
  for (const norm of nodes) {
    if (norm.operator !== 'BatchNormalization' || norm.outputs.slice(1).some((name) => name !== '')) continue
    if (norm.attributes.get('training_mode') === 1) continue
    const bank = makers.get(norm.inputs[0]!)
    if (bank === undefined || out.has(bank) || users.get(bank.outputs[0]!) !== 1) continue
    const made = merged(bank, norm, constants)
    if (made === undefined) continue
    for (const [name, value] of made.constants) constants.set(name, value)
    out.set(bank, made.node)
    out.set(norm, undefined)
    pairs.push([norm.name, bank.name])
  }
  const kept = nodes.flatMap((node) => (out.has(node) ? (out.get(node) ?? []) : node))
  return { network: { ...network, nodes: kept, constants }, folded: pairs }
}

/** Folds a batch normalisation into the weights of a bank. Returns undefined if that is not possible. */
function merged(
  bank: NetworkNode,
  norm: NetworkNode,
  constants: ReadonlyMap<string, Constant>,
): { readonly node: NetworkNode; readonly constants: readonly (readonly [string, Constant])[] } | undefined {
  const isTransposed = bank.operator === 'ConvTranspose'
  if (bank.operator !== 'Conv' && !isTransposed) return undefined
  const [x = '', weightName = '', biasName = ''] = bank.inputs
  const weight = constants.get(weightName)
  const bias = biasName === '' ? undefined : constants.get(biasName)
  const [gamma, beta, mean, variance] = norm.inputs.slice(1).map((name) => constants.get(name)?.data)
  if (weight === undefined || (biasName !== '' && bias === undefined)) return undefined
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined)
    return undefined
  const epsilon = norm.attributes.get('epsilon')
  const root = Array.from(variance, (v) => Math.sqrt(v + (typeof epsilon === 'number' ? epsilon : 1e-5)))
  const gain = Array.from(gamma, (g, i) => g / root[i]!)
  const group = bank.attributes.get('group')
  const groups = typeof group === 'number' ? group : 1
  const { shape, data } = weight
  const taps = sizeOf(shape.slice(2))
  const filterOf = (i: number): number => {
    if (!isTransposed) return Math.floor(i / (shape[1]! * taps))
    const channel = Math.floor(i / (shape[1]! * taps))
    const perGroup = shape[0]! / groups
    return Math.floor(channel / perGroup) * shape[1]! + (Math.floor(i / taps) % shape[1]!)
  }
  const filters = isTransposed ? shape[1]! * groups : shape[0]!
  if ([gamma, beta, mean, variance, bias?.data].some((list) => list !== undefined && list.length !== filters))
    return undefined
  const weights = Float32Array.from(data, (w, i) => w * gain[filterOf(i)]!)
  const offsets = Float32Array.from(
    { length: filters },
    (_, f) => ((bias?.data[f] ?? 0) - mean[f]!) * gain[f]! + beta[f]!,
  )
  const name = (what: string) => `${norm.outputs[0]} folded ${what}`
  const inputs = [x, name('weights'), name('bias')]
  return {
    node: { ...bank, inputs, outputs: [norm.outputs[0]!] },
    constants: [
      [name('weights'), { type: 'float32', shape, data: weights }],
      [name('bias'), { type: 'float32', shape: [filters], data: offsets }],
    ],
  }
}
