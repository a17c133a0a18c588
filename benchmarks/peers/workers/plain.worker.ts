import * as tasks from '../../work/work.js';

export { hang, work, work as default } from '../../work/work.js';

export function meet({ barrier, parties }: { barrier: Int32Array; parties: number }): void {
  tasks.meet(barrier, parties);
}
