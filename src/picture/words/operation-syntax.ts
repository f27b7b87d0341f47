import { readFormats } from '../../image/foreign.ts'
import { outputFormats } from '../../image/format.ts'
import type { Params } from '../../params.ts'
import type { Operation } from '../operations.ts'
import { runSettings } from '../run-settings.ts'
import { correlationSettings, pictureSettings } from '../settings.ts'
import { argument, type OptionGroup, type Syntax } from './syntax.ts'

/** The options of a whole chain: how the picture is read and written. Options for kernels belong to each step. */
export const chainSettings: Params = { ...pictureSettings, ...runSettings }

/** The syntax of `chain`: operations that run one after another. */
export const chainSyntax: Syntax = {
  name: 'chain',
  arguments: [
    argument('<input>', 'a picture; convo help sobel lists the formats'),
    {
      ...argument('<output>', 'its format is that of the extension; - is PNG on standard output'),
      optionalWith: 'preview',
    },
  ],
  tail: '<operation> [options] [-- <operation> [options] ...]',
  options: [
    { title: 'Picture', params: pictureSettings },
    { title: 'Run', params: runSettings },
  ],
  examples: [
    'convo chain in.png out.png -- gaussian --sigma 2 -- sobel --unit',
    'convo chain in.png maps.png --channels montage -- conv2d --kernel net.safetensors#conv1.weight -- relu -- maxpool',
    'convo chain in.png out.npy -- normalize --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 -- conv2d --kernel net.safetensors#conv1.weight',
  ],
}

const written = Object.values(outputFormats)
  .map(({ extensions: [first] }) => first)
  .join(', ')

export function operationSyntax(operation: Operation): Syntax {
  return {
    name: operation.name,
    arguments: [
      {
        name: 'input',
        summary: `${readFormats.replace(' and ', ' or ')}; - is standard input`,
        kind: 'file',
      },
      {
        name: 'output',
        summary: `${written} or .npy; - is PNG on standard output, jpg:- another format; with several inputs, a folder/`,
        kind: 'file',
        optionalWith: 'preview',
      },
    ],
    // computed on demand: a run needs this for one operation only
    get options() {
      return optionGroups(operation)
    },
    get examples() {
      return examplesOf(operation)
    },
  }
}

function optionGroups({ name, params, shared }: Operation): OptionGroup[] {
  const among = (table: Params) =>
    Object.fromEntries(Object.entries(shared).filter(([key]) => Object.hasOwn(table, key)))
  return [
    { title: `Options of ${name}`, params },
    { title: 'Kernel options', params: among(correlationSettings) },
    { title: 'Picture', params: among(pictureSettings) },
    { title: 'Run', params: among(runSettings) },
  ]
}

const needsKernel = '--kernel "0 -1 0; -1 5 -1; 0 -1 0"'

function examplesOf({ name, params, kernel, sample, examples = [], shared }: Operation): string[] {
  const base = `convo ${name} in.png out.png${kernel === 'required' ? ` ${sample === undefined ? needsKernel : `--kernel ${sample}`}` : ''}`
  const own = Object.entries(params).flatMap(([key, param]) => {
    const value = exampleValue(param)
    return value === undefined ? [] : [`${base} --${key}${value}`]
  })
  const given = examples.filter((line) => line.startsWith(`convo ${name} `))
  const second = own[0] ?? (Object.hasOwn(shared, 'border') ? `${base} --border reflect` : undefined)
  const third = Object.hasOwn(shared, 'range')
    ? [`${base.replace('in.png out.png', '- -')} < in.png > out.png`]
    : []
  const shown = given.length > 0 || second === undefined ? given : [second]
  // an operation on volumes has examples with volumes only
  return given.some((line) => !line.includes(' in.png ')) ? given : [base, ...shown, ...third]
}

/** Returns a value other than the default, for an example of an option. */
function exampleValue({
  isFlag,
  choices,
  unset,
  default: fallback = unset?.split(',')[0],
  max = Number.POSITIVE_INFINITY,
}: Params[string]) {
  if (isFlag) return ''
  const other = choices?.find((word) => word !== fallback)
  if (other !== undefined) return ` ${other}`
  if (typeof fallback === 'number' && fallback > 0) return ` ${Math.min(fallback * 2, max)}`
  return undefined
}
