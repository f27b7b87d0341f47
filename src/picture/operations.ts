import type { Recipe } from '../conv/recipe.ts'
import { ConvoError, nearest } from '../error.ts'
import type { Filter } from '../filters/filter.ts'
import { filters, stepFilters } from '../filters/table.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { activationParam } from '../operators/activation.ts'
import { operators } from '../operators/index.ts'
import type { Given, Operator, Step } from '../operators/operator.ts'
import { recipeStep } from '../operators/recipe.ts'
import type { Params, Values } from '../params.ts'
import { shellWord } from '../text/shell.ts'
import { runSettings } from './run-settings.ts'
import { correlationSettings, pictureSettings } from './settings.ts'
import { operationHint } from './words/hints.ts'

/** A filter or an operator, as the command line uses it. */
export type Operation = Pick<Operator, 'summary' | 'source' | 'input' | 'kernel' | 'sample' | 'examples'> & {
  readonly name: string
  readonly kind: 'filter' | 'operator'
  /** The group in lists: that of the filter, `operators`, or `steps`. */
  readonly group: string
  /** The sum that an operator computes. */
  readonly formula?: string
  readonly params: Params
  /** The first word after the name of its step: a file that defines the operation. */
  readonly file?: {
    readonly name: string
    readonly sample: string
    readonly open: (path: string, given: Readonly<Record<string, unknown>>) => Promise<Operation>
  }
  /** For an operation made from files: the files, and the words after its name in a step that makes it again. */
  readonly made?: { readonly files: readonly string[]; readonly words: readonly string[] }
  /** Whether `activation` among its params is a step after it. */
  readonly isFollowed?: boolean
  /** The shared settings that it takes, without those that it replaces by its own. */
  readonly shared: Params
  /** Returns the recipe at its defaults, if it has one, for help. */
  recipe?(): Recipe
  build(given: Given): Step | Promise<Step>
}

/** Every operation by name, filters first, in the order of lists and help. */
export const operations: Readonly<Record<string, Operation>> = Object.fromEntries([
  ...Object.entries(filters).map(([name, filter]) => [name, filterOperation(name, filter)]),
  ...Object.entries(stepFilters).map(([name, entry]) => [name, operatorOperation(name, entry, 'filter')]),
  ...Object.entries(operators).map(([name, entry]) => [name, operatorOperation(name, entry, 'operator')]),
])

function filterOperation(name: string, { build, ...rest }: Filter): Operation {
  const shared = sharedBy(rest.params, ['kernel', 'groups'])
  return {
    ...rest,
    name,
    kind: 'filter',
    kernel: 'none',
    get shared() {
      return shared()
    },
    recipe: () => build(defaults(rest.params)),
    build: (given) => recipeStep(build(given.values), given),
  }
}

function operatorOperation(
  name: string,
  { build, takes, params: own, ...rest }: Operator,
  kind: Operation['kind'],
): Operation {
  // an operation with weights can be followed by an activation, as a separate step unless the operation has its own
  const isFollowed = rest.group === 'operators' && rest.kernel !== 'none' && own.activation === undefined
  const params = isFollowed ? { ...own, activation: activationParam } : own
  const shared = sharedBy(params, leftBy(takes, rest.kernel))
  return {
    ...rest,
    params,
    isFollowed,
    name,
    kind,
    get shared() {
      return shared()
    },
    build,
  }
}

/** Makes an operation at run time that takes no kernel. */
export const operationWith = (
  name: string,
  { params, ...rest }: Pick<Operation, 'summary' | 'source' | 'params' | 'build' | 'file' | 'made'>,
): Operation => {
  const shared = sharedBy(params, Object.keys(correlationSettings))()
  const made: Operation = {
    ...rest,
    name,
    kind: 'operator',
    group: 'operators',
    params,
    kernel: 'none',
    shared,
  }
  own.add(made)
  return made
}

const own = new WeakSet<object>()

/** Whether an operation made at run time was made by this copy of convo. */
export const isOwn = (operation: object): boolean => own.has(operation)

/** Whether an operation takes all pages or slices of its input. */
export const takesVolume = (
  { input }: Operation,
  values: Values<Params>,
  kernel: Kernel | undefined,
): boolean => (typeof input === 'function' ? input(values, kernel) : input === 'volume')

/** The kernel option for examples of an operation that needs one. */
export const sampleKernel = ({ kernel, sample = 'sharpen' }: Operation): readonly string[] =>
  kernel === 'required' ? ['--kernel', sample] : []

export const defaults = (params: Params): Values<Params> =>
  Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param.default]))

/**
 * Finds an operation by its name.
 *
 * @param others names of commands that may have been meant
 * @param files what was typed after the name, for the command of another tool
 * @throws ConvoError E_NAME, with the nearest name
 */
export function findOperation(
  name: string,
  others: readonly string[] = [],
  files: readonly string[] = [],
): Operation {
  const found = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (found !== undefined) return found
  const hint = operationHint(name)
  if (hint !== undefined && 'isNot' in hint) {
    throw new ConvoError('E_NAME', `${name} is not a convolution: ${hint.isNot}`, {
      why: 'convo list filters and convo list operators show what convo has',
      fix: withFiles(hint.tool, files),
    })
  }
  const guess = nearest(name, [...Object.keys(operations), ...others])
  const isCommand = others.length > 0
  const [first = ''] = hint?.words ?? []
  // a word for a command, such as diff for compare, although only an operation is possible
  const isElsewhere = hint !== undefined && !isCommand && !Object.hasOwn(operations, first)
  const meant = hint?.words ?? (guess === undefined ? undefined : [guess])
  const problem = `no filter${isCommand ? ', operator or command' : ' or operator'} is called "${name}"`
  throw new ConvoError('E_NAME', problem, {
    ...(isElsewhere
      ? { fix: first.startsWith('--') ? `convo ${first}` : `convo help ${first}` }
      : meant === undefined
        ? { fix: 'convo --help' }
        : { instead: [name, ...meant] as const }),
  })
}

/** Puts files into a command in the place of its `in.png` and `out.png`, unless it takes fewer. */
function withFiles(command: string, files: readonly string[]): string {
  const places = command.match(samplePicture)!
  let at = 0
  return files.length > places.length
    ? command
    : command.replace(samplePicture, (sample) => shellWord(files[at++] ?? sample))
}

const samplePicture = /\b\w+\.(png|jpg)\b/g

/** Returns the kernel options that an operator does not take. */
function leftBy(takes: readonly string[], kernel: Operation['kernel']): string[] {
  const kept = kernel === 'none' ? takes : ['kernel', ...takes]
  return Object.keys(correlationSettings).filter((name) => !kept.includes(name))
}

/** Computed on demand and only once: a run needs this for one operation only. */
function sharedBy(own: Params, left: readonly string[]): () => Params {
  let shared: Params | undefined
  const all = () => Object.entries({ ...correlationSettings, ...pictureSettings, ...runSettings })
  return () => {
    shared ??= Object.fromEntries(all().filter(([name]) => !left.includes(name) && !Object.hasOwn(own, name)))
    return shared
  }
}
