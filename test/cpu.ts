/**
 * Returns the processor time of this process in milliseconds. Unlike wall time, it does not depend on other programs.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
