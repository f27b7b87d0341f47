import type { Constant, NetworkNode } from '../network.ts'
import { codeOf, constant, isWhole, type NumberType, spans, typeBy } from './numbers.ts'

// Samples of networks are float32, whatever their type in the file. Where integer arithmetic has other results, further
// nodes are added that do to the sum or quotient what the integer type would.

/** Operators whose type is not that of the first input, or whose output is floats or sizes whatever the input is. */
const typedBy: Readonly<Record<string, number>> = { Where: 1, If: 1 }
const freshlyTyped = new Set(
  'Shape Size ArgMax ArgMin NonZero DequantizeLinear QuantizeLinear DynamicQuantizeLinear IsNaN Not'.split(
    ' ',
  ),
)

type Given = {
  /** The types of inputs and constants, by name. */
  readonly types: ReadonlyMap<string, NumberType | undefined>
  /** The names of the network's inputs. */
  readonly inputs: readonly string[]
  /** Receives the constants of the nodes that are added. */
  readonly constants: Map<string, Constant>
}

/**
 * Adds the effects of integer types: quotients are truncated, and sums, differences and products of 8 and 16 bits wrap
 * around. Numbers that do not depend on the input are computed in their own types anyway.
 */
export function withWholes(
  nodes: readonly NetworkNode[],
  { types, inputs, constants }: Given,
): NetworkNode[] {
  const known = new Map(types)
  const computed = new Set(inputs)
  const numberNamed = (n: number): string => {
    const name = `convo/${n}`
    constants.set(name, constant('float32', [], [n]))
    return name
  }
  /** A Cast to the type of another value, where that is known. */
  const settled = (node: NetworkNode): NetworkNode => {
    const like = node.operator === 'CastLike' ? known.get(node.inputs[1] ?? '') : undefined
    if (like === undefined) return node
    const attributes = new Map([['to', codeOf(like, 'onnx')]])
    return { ...node, operator: 'Cast', inputs: node.inputs.slice(0, 1), attributes }
  }
  return nodes.flatMap((given): NetworkNode[] => {
    const node = settled(given)
    const { operator, outputs, attributes } = node
    const [output = ''] = outputs
    const to = attributes.get('to')
    const value = attributes.get('value')
    const type =
      operator === 'Cast'
        ? typeBy('onnx', to)
        : typeof value === 'object' && 'type' in value
          ? value.type
          : freshlyTyped.has(operator)
            ? undefined
            : known.get(node.inputs[typedBy[operator] ?? 0] ?? '')
    if (operator !== 'Shape' && operator !== 'Size' && node.inputs.some((name) => computed.has(name)))
      for (const name of outputs) computed.add(name)
    if (type !== undefined) for (const name of outputs) known.set(name, type)
    if (type === undefined || !isWhole(type) || !computed.has(output) || node.domain !== '') return [node]
    const span = spans[type]
    const after = (steps: readonly (readonly [operator: string, by?: number])[]): NetworkNode[] => {
      const nameOf = (i: number) => (i === steps.length ? output : `${output}/${i}`)
      return [
        { ...node, outputs: [nameOf(0)] },
        ...steps.map(([operator, by], i) => ({
          ...node,
          operator,
          name: `${node.name}/${operator}`,
          inputs: [nameOf(i), ...(by === undefined ? [] : [numberNamed(by)])],
          outputs: [nameOf(i + 1)],
          attributes: new Map(by === undefined ? [['to', codeOf(type, 'onnx')]] : []),
        })),
      ]
    }
    if (operator === 'Div') return after([['Cast']])
    if (span === undefined || !['Add', 'Sub', 'Mul'].includes(operator)) return [node]
    const [low, count] = [span[0], span[1] - span[0] + 1]
    return after(
      low === 0
        ? [['Mod', count]]
        : [
            ['Sub', low],
            ['Mod', count],
            ['Add', low],
          ],
    )
  })
}
