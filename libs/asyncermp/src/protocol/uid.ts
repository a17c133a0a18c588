/**
 * The uid of a task whose caller gave none: the process's own prefix, and the task's number. Such a uid
 * crosses as the number alone and is put together where somebody asks for it.
 */
export function autoUid(prefix: string, seq: number): string {
  return prefix + seq.toString(36);
}

/** The number in such a uid; undefined for any other text. */
export function autoUidSeq(prefix: string, uid: string): number | undefined {
  if (!uid.startsWith(prefix)) {
    return undefined;
  }
  const seq = Number.parseInt(uid.slice(prefix.length), 36);
  return autoUid(prefix, seq) === uid ? seq : undefined;
}
