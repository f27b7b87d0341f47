import { readFileSync } from 'node:fs'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { orElse } from '../error.ts'
import type { Environment } from './engines.ts'

/** The text of a file of the system, undefined where there is none. */
export type ReadText = (path: string) => string | undefined

const systemText: ReadText = (path) => orElse(() => readFileSync(path, 'utf8'), undefined)

/**
 * How many threads this process may keep busy: the cores that it may run on, less where Slurm or a cgroup gives it less.
 * A share of a core counts as none, since threads over the quota are stopped for part of the time; at least 1.
 */
export function usableCores(
  environment: Environment,
  readText: ReadText = systemText,
  cores = availableParallelism(),
): number {
  const limits = [cores, slurmCores(environment), cgroupCores(readText)]
  return Math.max(1, Math.floor(Math.min(...limits.filter((limit) => limit !== undefined))))
}

/** SLURM_CPUS_PER_TASK; else SLURM_CPUS_ON_NODE, shared with the other tasks of the step on this node. */
function slurmCores(environment: Environment): number | undefined {
  const perTask = wholeOf(environment.SLURM_CPUS_PER_TASK)
  if (perTask !== undefined) return perTask
  const onNode = wholeOf(environment.SLURM_CPUS_ON_NODE)
  // written as 4(x2),1: of the first nodes is enough, since a step that differs from node to node is rare
  const tasks = wholeOf(/^\d+/.exec(environment.SLURM_STEP_TASKS_PER_NODE ?? '')?.[0]) ?? 1
  return onNode === undefined ? undefined : onNode / tasks
}

function wholeOf(text: string | undefined): number | undefined {
  const value = Number(text)
  return text !== undefined && Number.isInteger(value) && value > 0 ? value : undefined
}

/** The quota of the cgroup, version 2 or 1, in cores. */
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

/** The memory that this process may use: what the machine has, less where a cgroup or Slurm gives it less; bytes. */
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

/** The memory that is available now without pushing anything else out, in bytes. */
export function memoryAvailable(limit: number, readText: ReadText = systemText): number {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(readText('/proc/meminfo') ?? '')
  return Math.min(limit, match === null ? freemem() : Number(match[1]) * 1024)
}

/** The folders of the cgroup of this process and those above it, which limit it too. */
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
