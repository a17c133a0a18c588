/**
 * Finds the nodes of a directed graph that lead back to themselves by way of others, and numbers those that
 * do so together: its strongly connected components of more than one node (Tarjan, 1972).
 *
 * @param next Where one comes to from a node.
 */
export function circlesOf<N>(nodes: Iterable<N>, next: (node: N) => Iterable<N>): Map<N, number> {
  const circles = new Map<N, number>();
  const order = new Map<N, number>();
  const path: N[] = [];
  const onPath = new Set<N>();
  let count = 0;

  /** Returns the earliest node on the path that one comes back to, by its order. */
  function visit(node: N): number {
    const own = order.size;
    let earliest = own;
    order.set(node, own);
    path.push(node);
    onPath.add(node);
    for (const other of next(node)) {
      const seen = order.get(other);
      if (seen === undefined) {
        earliest = Math.min(earliest, visit(other));
      } else if (onPath.has(other)) {
        earliest = Math.min(earliest, seen);
      }
    }
    if (earliest === own) {
      const members = path.splice(path.indexOf(node));
      for (const member of members) {
        onPath.delete(member);
        if (members.length > 1) {
          circles.set(member, count);
        }
      }
      count += members.length > 1 ? 1 : 0;
    }
    return earliest;
  }

  for (const node of nodes) {
    if (!order.has(node)) {
      visit(node);
    }
  }
  return circles;
}
