import { describe, expect, it } from 'vitest'
import { memoryAvailable, memoryLimit, usableCores } from '../../../src/host/machine.ts'

const files = (texts: Record<string, string>) => (path: string) => texts[path]
const none = files({})
const gib = 2 ** 30

describe('usableCores', () => {
  it('is what the machine has, where nothing limits it', () => {
    expect(usableCores({}, none, 16)).toBe(16)
  })

  it('obeys Slurm: of the task, else of the node, shared by the tasks of the step', () => {
    expect(usableCores({ SLURM_CPUS_PER_TASK: '4', SLURM_CPUS_ON_NODE: '32' }, none, 64)).toBe(4)
    expect(usableCores({ SLURM_CPUS_ON_NODE: '8' }, none, 64)).toBe(8)
    expect(usableCores({ SLURM_CPUS_ON_NODE: '8', SLURM_STEP_TASKS_PER_NODE: '4(x2)' }, none, 64)).toBe(2)
    expect(usableCores({ SLURM_CPUS_PER_TASK: 'x' }, none, 3)).toBe(3)
    // the affinity of the process may allow fewer cores than Slurm reports
    expect(usableCores({ SLURM_CPUS_PER_TASK: '8' }, none, 2)).toBe(2)
  })

  it('obeys a cgroup of version 2, and those above it', () => {
    const texts = { '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/a/b/cpu.max': 'max 100000' }
    expect(usableCores({}, files(texts), 16)).toBe(16)
    expect(usableCores({}, files({ ...texts, '/sys/fs/cgroup/a/cpu.max': '350000 100000\n' }), 16)).toBe(3)
    expect(usableCores({}, files({ ...texts, '/sys/fs/cgroup/cpu.max': '20000 100000\n' }), 16)).toBe(1)
  })

  it('obeys a cgroup of version 1', () => {
    const texts = {
      '/proc/self/cgroup': '3:cpu,cpuacct:/docker/x\n2:memory:/docker/x\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    }
    expect(usableCores({}, files(texts), 16)).toBe(2)
    expect(usableCores({}, files({ ...texts, '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' }), 16)).toBe(16)
  })
})

describe('memoryLimit', () => {
  it('is the least of machine, cgroup and Slurm', () => {
    expect(memoryLimit({}, none, 8 * gib)).toBe(8 * gib)
    expect(memoryLimit({ SLURM_MEM_PER_NODE: '2048' }, none, 8 * gib)).toBe(2 * gib)
    expect(memoryLimit({ SLURM_MEM_PER_CPU: '1024', SLURM_CPUS_ON_NODE: '3' }, none, 8 * gib)).toBe(3 * gib)
    const two = { '/proc/self/cgroup': '0::/x\n', '/sys/fs/cgroup/x/memory.max': String(gib) }
    expect(memoryLimit({}, files(two), 8 * gib)).toBe(gib)
    expect(memoryLimit({}, files({ ...two, '/sys/fs/cgroup/x/memory.max': 'max\n' }), 8 * gib)).toBe(8 * gib)
    const one = {
      '/proc/self/cgroup': '2:memory:/x\n',
      '/sys/fs/cgroup/memory/x/memory.limit_in_bytes': String(2 * gib),
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    }
    expect(memoryLimit({}, files(one), 8 * gib)).toBe(2 * gib)
  })

  it('available: what the system could give, and no more than the limit', () => {
    const meminfo = files({ '/proc/meminfo': 'MemTotal: 9 kB\nMemAvailable:    1048576 kB\n' })
    expect(memoryAvailable(4 * gib, meminfo)).toBe(gib)
    expect(memoryAvailable(gib / 2, meminfo)).toBe(gib / 2)
  })
})
