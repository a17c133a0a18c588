/** A Node to run the applications on. */
export interface NodeRelease {
  readonly name: string;
  /** The path of its binary. */
  readonly binary: string;
}

/** The Node that runs the tests; or others, as `npm run consumers -- --all` brings them. */
export const nodes: readonly NodeRelease[] = process.env.CONSUMERS_NODES
  ? (JSON.parse(process.env.CONSUMERS_NODES) as NodeRelease[])
  : [{ name: `Node ${process.versions.node}`, binary: process.execPath }];
