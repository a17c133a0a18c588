/**
 * Starts a clock of the CPU time of all threads of the process, in microseconds: what a task costs the
 * machine, whether or not others make it wait.
 */
export function cpuClock(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
}
