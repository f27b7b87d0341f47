import { readFileSync } from 'node:fs'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { orElse } from '../error.ts'
import type { Environment } from './engines.ts'

/** Returns the text of a system file, or undefined if it does not exist. */
export type ReadText = (path: string) => string | undefined

const systemText: ReadText = (path) => orElse(() => readFileSync(path, 'utf8'), undefined)

/**
 * Returns how many threads this process can keep busy: the cores that it may run on, or fewer if Slurm or a cgroup
 * limits them. A fraction of a core is dropped, since threads over the quota are paused for part of the time. At least
 * 1.
 */
export function usableCores(
  environment: Environment,
  readText: ReadText = systemText,
  cores = availableParallelism(),
): number {
  const limits = [cores, slurmCores(environment), cgroupCores(readText)]
  return Math.max(1, Math.floor(Math.min(...limits.filter((limit) => limit !== undefined))))
}

/** Returns SLURM_CPUS_PER_TASK, or else SLURM_CPUS_ON_NODE divided among the tasks of the step on this node. */
function slurmCores(environment: Environment): number | undefined {
  const perTask = wholeOf(environment.SLURM_CPUS_PER_TASK)
  if (perTask !== undefined) return perTask
  const onNode = wholeOf(environment.SLURM_CPUS_ON_NODE)
  // written as 4(x2),1; the first number is enough, since steps rarely differ from node to node
  const tasks = wholeOf(/^\d+/.exec(environment.SLURM_STEP_TASKS_PER_NODE ?? '')?.[0]) ?? 1
  return onNode === undefined ? undefined : onNode / tasks
}

function wholeOf(text: string | undefined): number | undefined {
  const value = Number(text)
  return text !== undefined && Number.isInteger(value) && value > 0 ? value : undefined
}

/** Returns the quota of the cgroup, version 2 or 1, in cores. */
function cgroupCores(readText: ReadText): number | undefined {
  const quotas = cgroupFolders(readText, 'cpu').map(({ path, version }) => {
    if (version === 2) {
      const [quota, period] = (readText(`${path}/cpu.max`) ?? '').trim().split(' ')
      return Number(quota) / Number(period)
    }
    return Number(readText(`${path}/cpu.cfs_quota_us`)) / Number(readText(`${path}/cpu.cfs_period_us`))
  })
  const real = quotas.filter((quota) => quota > 0 && Number.isFinite(quota))
  return real.length === 0 ? undefined : Math.min(...real)
}

/**
 * Returns the memory that this process may use, in bytes: that of the machine, or less if a cgroup or Slurm limits it.
 */
export function memoryLimit(
  environment: Environment,
  readText: ReadText = systemText,
  total = totalmem(),
): number {
  const cgroup = cgroupFolders(readText, 'memory').map(({ path, version }) =>
    Number(readText(`${path}/${version === 2 ? 'memory.max' : 'memory.limit_in_bytes'}`)),
  )
  const perNode = wholeOf(environment.SLURM_MEM_PER_NODE)
  const perCore = wholeOf(environment.SLURM_MEM_PER_CPU)
  const cores = wholeOf(environment.SLURM_CPUS_ON_NODE) ?? 1
  const slurm = perNode ?? (perCore === undefined ? 0 : perCore * cores)
  return Math.min(
    total,
    ...[...cgroup, slurm * 2 ** 20].filter((limit) => limit > 0 && Number.isFinite(limit)),
  )
}

/** Returns the memory that is available now without displacing anything else, in bytes. */
export function memoryAvailable(limit: number, readText: ReadText = systemText): number {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(readText('/proc/meminfo') ?? '')
  return Math.min(limit, match === null ? freemem() : Number(match[1]) * 1024)
}

/** Returns the folders of the cgroup of this process and of its parents, which limit it too. */
function cgroupFolders(readText: ReadText, controller: 'cpu' | 'memory'): { path: string; version: 1 | 2 }[] {
  const lines = (readText('/proc/self/cgroup') ?? '').split('\n')
  const found: { path: string; version: 1 | 2 }[] = []
  for (const line of lines) {
    const [, controllers = '', way = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (way === '') continue
    const version = controllers === '' ? 2 : 1
    if (version === 1 && !controllers.split(',').includes(controller)) continue
    const top = version === 2 ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controller}`
    const steps = way.split('/').filter((step) => step !== '' && step !== '..')
    for (let n = steps.length; n >= 0; n--)
      found.push({ path: [top, ...steps.slice(0, n)].join('/'), version })
  }
  return found
}
