/** Milliseconds that this process has computed: other programs do not make them more, as they do with those of a clock. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
