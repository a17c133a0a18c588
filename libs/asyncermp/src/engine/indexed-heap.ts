/** What an {@link IndexedHeap} orders. An item is in at most one heap. */
export interface HeapItem {
  /** The lowest comes first. Must not change while the item is in a heap. */
  readonly rank: number;
  /** Where the heap keeps the item; -1 outside. Written by the heap only. */
  heapIndex: number;
}

/**
 * A binary heap whose items know their place, so that any of them can leave it, not only the first.
 *
 * Invariant: no item's rank is below its parent's, and `items[item.heapIndex] === item`.
 * Cost: `first` O(1), `add` and `remove` O(log n). Items of equal rank come in no particular order.
 */
export class IndexedHeap<T extends HeapItem> {
  readonly #items: T[] = [];

  /** The item of the lowest rank. */
  get first(): T | undefined {
    return this.#items[0];
  }

  /** Puts in an item that is in no heap. */
  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Takes out an item that is in this heap. */
  remove(item: T): void {
    const index = item.heapIndex;
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (last === undefined || last === item) {
      return;
    }
    // The last item may come from another branch, and so belong above the gap as well as below it.
    if (last.rank < item.rank) {
      this.#rise(last, index);
    } else {
      this.#sink(last, index);
    }
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }

  #rise(item: T, from: number): void {
    const items = this.#items;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex];
      if (parent === undefined || parent.rank <= item.rank) {
        break;
      }
      items[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    items[index] = item;
    item.heapIndex = index;
  }

  #sink(item: T, from: number): void {
    const items = this.#items;
    const length = items.length;
    let index = from;
    for (let childIndex = 2 * index + 1; childIndex < length; childIndex = 2 * index + 1) {
      let child = items[childIndex];
      const sibling = childIndex + 1 < length ? items[childIndex + 1] : undefined;
      if (child !== undefined && sibling !== undefined && sibling.rank < child.rank) {
        child = sibling;
        childIndex += 1;
      }
      if (child === undefined || child.rank >= item.rank) {
        break;
      }
      items[index] = child;
      child.heapIndex = index;
      index = childIndex;
    }
    items[index] = item;
    item.heapIndex = index;
  }
}
