import { ConvoError } from '../error.ts'

/** A part of the inputs. */
export type Shard = {
  /** The number of the part, from 1. */
  readonly index: number
  /** The number of parts. */
  readonly count: number
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Whether this runs on a CI server, which sets the variable CI. */
export const isCi = ({ CI }: Environment): boolean => CI !== undefined && !['', '0', 'false'].includes(CI)

/** Returns links to the commit and the run that a CI server names, or undefined elsewhere. */
export function linksOf(
  env: Environment,
): readonly { readonly text: string; readonly url: string }[] | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_SHA: sha } = env
  const { CI_PROJECT_URL: project, CI_COMMIT_SHA: commit, CI_JOB_URL: job } = env
  const github = server && repository ? `${server}/${repository}` : undefined
  const short = (hash: string) => `commit ${hash.slice(0, 9)}`
  const links = [
    ...(github && sha ? [{ text: short(sha), url: `${github}/commit/${sha}` }] : []),
    ...(github && env.GITHUB_RUN_ID
      ? [
          {
            text: `run ${env.GITHUB_RUN_NUMBER ?? env.GITHUB_RUN_ID}`,
            url: `${github}/actions/runs/${env.GITHUB_RUN_ID}`,
          },
        ]
      : []),
    ...(project && commit ? [{ text: short(commit), url: `${project}/-/commit/${commit}` }] : []),
    ...(job ? [{ text: 'job', url: job }] : []),
  ].filter(({ url }) => /^https?:\/\//.test(url))
  return links.length === 0 ? undefined : links
}

/** The index and count that an engine states. Some do not state the count. */
type Said = { readonly index: number; readonly count: number | undefined }

/** A job system that runs one command many times and numbers the runs. */
type Engine = {
  readonly name: string
  /** The variables that it sets, as shown in messages. */
  readonly variables: string
  /**
   * Reads the index and count of this run.
   *
   * @throws ConvoError E_OPTION for an array that cannot be divided into shards
   */
  read(environment: Environment): Said | undefined
}

/** Makes an engine that states the index of a run, counted from `base`, and usually the count. */
const numbered = (name: string, base: 0 | 1, index: string, count?: string): Engine => ({
  name,
  variables: count === undefined ? index : `${index}, ${count}`,
  read(environment) {
    const total = count === undefined ? undefined : wholeOf(environment, count)
    const at = wholeOf(environment, index)
    if (at !== undefined) return { index: at - base + 1, count: total }
    // GitLab sets the total for every job, but the index only for parallel ones
    return total === 1 ? { index: 1, count: 1 } : undefined
  },
})

const engines: readonly Engine[] = [
  {
    name: 'Slurm',
    variables: 'SLURM_ARRAY_TASK_ID, _MIN, _MAX, _STEP, _COUNT; SLURM_PROCID, SLURM_STEP_NUM_TASKS',
    read: slurm,
  },
  numbered('AWS Batch array', 0, 'AWS_BATCH_JOB_ARRAY_INDEX', 'AWS_BATCH_JOB_ARRAY_SIZE'),
  numbered('GitLab CI', 1, 'CI_NODE_INDEX', 'CI_NODE_TOTAL'),
  numbered('CircleCI', 0, 'CIRCLE_NODE_INDEX', 'CIRCLE_NODE_TOTAL'),
  numbered('Buildkite', 0, 'BUILDKITE_PARALLEL_JOB', 'BUILDKITE_PARALLEL_JOB_COUNT'),
  numbered('Kubernetes Indexed Job', 0, 'JOB_COMPLETION_INDEX'),
]

/**
 * Returns the shard of this process, as stated by the engine that started it. A count of 1, which CI systems set for
 * every job, is ignored if another engine states a larger one.
 *
 * @param count the number of shards, if the engine does not state it
 * @throws ConvoError E_OPTION if no engine or more than one states a shard, or if numbers are missing
 */
export function engineShard(environment: Environment, count?: number): Shard {
  const found = engines.flatMap((engine) => {
    const says = engine.read(environment)
    return says === undefined ? [] : [{ engine, says }]
  })
  const many = found.filter(({ says }) => says.count !== 1)
  const [first = found[0], second] = many
  if (first === undefined) {
    throw new ConvoError('E_OPTION', '--shard auto found no job system', {
      why: engines.map(({ name, variables }) => `${name}: ${variables}`),
      fix: '--shard 1/2',
    })
  }
  if (second !== undefined) {
    const what = `--shard auto found two job systems, ${first.engine.name} and ${second.engine.name}`
    throw new ConvoError('E_OPTION', what, {
      why: [first, second].map(
        ({ engine, says }) => `${engine.name}: ${says.index} of ${says.count ?? 'unknown'}`,
      ),
      fix: '--shard 1/2',
    })
  }
  return complete(first.engine, first.says, count)
}

function complete(
  { name, variables }: Engine,
  { index, count: known }: Said,
  asked: number | undefined,
): Shard {
  const count = known ?? asked
  if (count === undefined) {
    throw new ConvoError('E_OPTION', `--shard auto cannot detect the number of jobs of a ${name}`, {
      why: `${variables} is only the number of this job`,
      fix: '--shard auto/n, with the number of completions',
    })
  }
  if (asked !== undefined && known !== undefined && asked !== known) {
    throw new ConvoError('E_OPTION', `--shard auto/${asked} was given, but the ${name} has ${known} jobs`, {
      fix: '--shard auto',
    })
  }
  if (count < 1 || index < 1 || index > count) {
    throw new ConvoError('E_OPTION', `--shard auto: a ${name} cannot have a job ${index} of ${count}`, {
      why: `from ${variables}, counted from 1 here`,
    })
  }
  return { index, count }
}

/** Reads a job of an array, a task of a step, or both. With both, the tasks of all jobs are numbered in sequence. */
function slurm(environment: Environment): Said | undefined {
  const job = slurmArray(environment)
  const tasks = wholeOf(environment, 'SLURM_STEP_NUM_TASKS') ?? 1
  const task = wholeOf(environment, 'SLURM_PROCID') ?? 0
  if (job === undefined && tasks === 1) return undefined
  const { index, count } = job ?? { index: 1, count: 1 }
  return { index: (index - 1) * tasks + task + 1, count: count * tasks }
}

/**
 * Reads the position of a task in an array, such as `--array=1-8` or `0-15:4`. An array with gaps, such as `1,2,7`, is
 * refused, because a task cannot find its position in it.
 */
function slurmArray(
  environment: Environment,
): { readonly index: number; readonly count: number } | undefined {
  const at = wholeOf(environment, 'SLURM_ARRAY_TASK_ID')
  if (at === undefined) return undefined
  const min = wholeOf(environment, 'SLURM_ARRAY_TASK_MIN')
  const max = wholeOf(environment, 'SLURM_ARRAY_TASK_MAX')
  const step = wholeOf(environment, 'SLURM_ARRAY_TASK_STEP') ?? 1
  const count = wholeOf(environment, 'SLURM_ARRAY_TASK_COUNT')
  if (min === undefined || max === undefined || count === undefined || step < 1) {
    throw new ConvoError('E_OPTION', '--shard auto: variables of the Slurm array are missing', {
      why: 'SLURM_ARRAY_TASK_ID is set, but _MIN, _MAX, _STEP and _COUNT are also needed',
      fix: '--shard 1/2',
    })
  }
  const places = Math.floor((max - min) / step) + 1
  if (places !== count || (at - min) % step !== 0) {
    throw new ConvoError('E_OPTION', '--shard auto: the Slurm array has gaps', {
      why: `${min} to ${max} in steps of ${step} would be ${places} tasks, but the array has ${count}`,
      fix: `sbatch --array=1-${count}`,
    })
  }
  return { index: (at - min) / step + 1, count }
}

function wholeOf(environment: Environment, name: string): number | undefined {
  const text = environment[name]
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new ConvoError('E_OPTION', `--shard auto: ${name} must be a whole number, got "${text}"`)
}
