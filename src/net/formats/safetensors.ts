import { ConvoError, type ErrorCode } from '../../error.ts'
import { beginsAsHeader, type Opened, open } from '../../kernel/formats/safetensors-header.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import type { Weights } from '../architectures/architecture.ts'
import { networkOf } from '../architectures/index.ts'
import { type NetworkFormat, quoted } from './format.ts'
import { budgetOf, codeOf, constantFrom, numberTypes, typeBy } from './numbers.ts'
import { graphKey, graphOf } from './own.ts'

/** The codes for networks that replace those for kernel files. */
const codes: Partial<Record<ErrorCode, ErrorCode>> = {
  E_KERNEL_SYNTAX: 'E_NET_SYNTAX',
  E_KERNEL_FORMAT: 'E_NET_FORMAT',
}

/** A .safetensors file: the tensors of a recognised architecture, or of a graph that convo stored with them. */
export const safetensors: NetworkFormat = {
  name: 'safetensors',
  summary: 'safetensors: the tensors of a recognised architecture, or what convo net convert wrote',
  extensions: ['.safetensors'],
  recognises: beginsAsHeader,
  read(bytes, given) {
    const opened = asNetwork(() => open(bytes, given.file))
    const weights = weightsOf(opened)
    const graph = opened.metadata.get(graphKey)
    if (graph !== undefined) return graphOf(graph, weights)
    return networkOf('safetensors', weights, given, opened.metadata)
  },
}

function asNetwork<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    const code = error instanceof ConvoError ? codes[error.code] : undefined
    if (!(error instanceof ConvoError) || code === undefined) throw error
    const { message, why, fix } = error
    throw new ConvoError(code, message, { why, fix, cause: error })
  }
}

function weightsOf({ file, entries, bytes }: Opened): Weights {
  const budget = budgetOf(file)
  return {
    file,
    names: [...entries.keys()],
    shape: (name) => entries.get(name)?.shape,
    read(name) {
      const { dtype, shape, begin, end } = entries.get(name)!
      const type = typeBy('dtype', dtype)
      if (type === undefined) {
        throw new ConvoError(
          'E_NET_FORMAT',
          `tensor ${quoted(name)} has numbers of type ${dtype}, which convo does not read`,
          {
            why: `${file}: supported types: ${numberTypes.map((type) => codeOf(type, 'dtype')).join(' ')}`,
            fix: 'tensor.float() before it is saved',
          },
        )
      }
      budget.take(sizeOf(shape))
      return constantFrom(type, shape, bytes.subarray(begin, end))
    },
  }
}
