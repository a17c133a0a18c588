/**
 * Starts a clock of the CPU time of all threads of the process, in microseconds. Unlike the time on the
 * wall, it does not depend on other load of the machine.
 */
export function cpuClock(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
}
