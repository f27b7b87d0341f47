import type { Params } from '../params.ts'
import type { Command, OptionGroup } from './command.ts'
import { recipeText } from './kernel-text.ts'
import { indent } from './layout.ts'
import { defaultsText, pictureCommands } from './operation-facts.ts'
import type { Operation } from './operations.ts'
import { runOperation } from './run-operation.ts'
import { correlationSettings, pictureSettings, runSettings } from './settings.ts'

/** The command that runs an operation on a picture. */
export function operationCommand(operation: Operation): Command {
  return {
    name: operation.name,
    summary: operation.summary,
    group: operation.group,
    arguments: [
      {
        name: 'input',
        summary: 'PNG, JPEG, WebP, TIFF, GIF, AVIF, SVG or .npy; - is standard input',
        kind: 'file',
      },
      {
        name: 'output',
        summary: '.png, .jpg, .webp, .tif, .gif, .avif or .npy; - is PNG on standard output',
        kind: 'file',
        optionalWith: 'preview',
      },
    ],
    // worked out when asked for: a run needs this of one command only
    get options() {
      return optionGroups(operation)
    },
    get examples() {
      return examplesOf(operation)
    },
    details: (width) => [
      ...(operation.formula === undefined
        ? []
        : [{ title: 'What it computes', text: indent(operation.formula, 2, width) }]),
      ...(operation.recipe === undefined
        ? []
        : [{ title: 'Kernel', text: recipeText(operation.recipe(), width - 2).replace(/^(?=.)/gm, '  ') }]),
      { title: 'Source', text: indent(operation.source, 2, width) },
      { title: 'Defaults', text: defaultsText(operation, width) },
      {
        title: 'See it',
        text: pictureCommands(operation)
          .map((line) => `  ${line}`)
          .join('\n'),
      },
    ],
    run: (call) => runOperation(operation, call),
  }
}

function optionGroups({ name, params, shared }: Operation): OptionGroup[] {
  const among = (table: Params) =>
    Object.fromEntries(Object.entries(shared).filter(([key]) => Object.hasOwn(table, key)))
  return [
    { title: `Options of ${name}`, params },
    { title: 'How the kernel meets the picture', params: among(correlationSettings) },
    { title: 'Picture', params: among(pictureSettings) },
    { title: 'Run', params: among(runSettings) },
  ]
}

const needsKernel = '--kernel "0 -1 0; -1 5 -1; 0 -1 0"'

function examplesOf({ name, params, kernel, shared }: Operation): string[] {
  const base = `convo ${name} in.png out.png${kernel === 'required' ? ` ${needsKernel}` : ''}`
  const own = Object.entries(params).flatMap(([key, param]) => {
    const value = exampleValue(param)
    return value === undefined ? [] : [`${base} --${key}${value}`]
  })
  const second = own[0] ?? (Object.hasOwn(shared, 'border') ? `${base} --border reflect` : undefined)
  const third = Object.hasOwn(shared, 'range')
    ? [`${base.replace('in.png out.png', '- -')} < in.png > out.png`]
    : []
  return [base, ...(second === undefined ? [] : [second]), ...third]
}

/** A value other than the default, to show an option with. */
function exampleValue({
  isFlag,
  choices,
  default: fallback,
  max = Number.POSITIVE_INFINITY,
}: Params[string]) {
  if (isFlag) return ''
  const other = choices?.find((word) => word !== fallback)
  if (other !== undefined) return ` ${other}`
  if (typeof fallback === 'number' && fallback > 0) return ` ${Math.min(fallback * 2, max)}`
  return undefined
}
