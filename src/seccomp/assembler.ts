// A BPF program, written from its end to its beginning.
//
// BPF jumps forwards only, so the target of a jump must be known by its distance: backwards, it
// always is. A conditional jump reaches 255 instructions; where its target lies further off, a
// `ja` (or a second copy of a `ret`) is set right behind it.
//
//   struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; }   (linux/filter.h, little-endian)

const BPF_LD_W_ABS = 0x20;
const BPF_ALU_AND_K = 0x54;
const BPF_JMP_JA = 0x05;
const BPF_RET_K = 0x06;

/** Conditional jumps; all compare unsigned. */
export const BPF_JEQ = 0x15;
export const BPF_JGT = 0x25;
export const BPF_JGE = 0x35;

/** Size of an instruction. */
export const INSTRUCTION_BYTES = 8;

const REACH = 255;

/** Where a jump leads: to an instruction, counted from the end, or to the return of an action. */
export type Target = { readonly at: number } | { readonly action: number };

/** Takes instructions, the last one first. */
export class BackwardAssembler {
  /** Two words an instruction, code and operand; the last instruction first. */
  readonly #words: number[] = [];
  /** The nearest `ret` of each action and the nearest `ja` to each place. */
  readonly #returns = new Map<number, number>();
  readonly #jumps = new Map<number, number>();

  /** Instructions so far. */
  get count(): number {
    return this.#words.length / 2;
  }

  /** Sets a load of the 32-bit word at `offset` of `struct seccomp_data`. */
  load(offset: number): Target {
    return this.#set(BPF_LD_W_ABS, offset);
  }

  /** Sets the masking of the loaded word. */
  and(mask: number): Target {
    return this.#set(BPF_ALU_AND_K, mask);
  }

  /** Sets `if (word OP k) goto onTrue; else goto onFalse`. */
  jump(code: number, k: number, onTrue: Target, onFalse: Target): Target {
    const far = this.#reachable(onTrue, 1);
    const near = this.#reachable(onFalse, 0);
    const jt = this.count - 1 - far;
    const jf = this.count - 1 - near;
    return this.#set(code | (jt << 16) | (jf << 24), k);
  }

  /** The program, first instruction first. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.count * INSTRUCTION_BYTES);
    const view = new DataView(bytes.buffer);
    let offset = bytes.length;
    for (let i = 0; i < this.#words.length; i += 2) {
      offset -= INSTRUCTION_BYTES;
      view.setUint32(offset, this.#words[i] ?? 0, true);
      view.setUint32(offset + 4, this.#words[i + 1] ?? 0, true);
    }
    return bytes;
  }

  #set(code: number, k: number): { readonly at: number } {
    this.#words.push(code, k);
    return { at: this.count - 1 };
  }

  /** The place of a target, or of its stand-in, in reach even behind `reserve` more instructions. */
  #reachable(target: Target, reserve: number): number {
    const farthest = this.count - 1 + reserve - REACH;
    if ("action" in target) {
      const place = this.#returns.get(target.action);
      if (place !== undefined && place >= farthest) return place;
      return this.#remember(this.#returns, target.action, this.#set(BPF_RET_K, target.action).at);
    }
    if (target.at >= farthest) return target.at;
    const place = this.#jumps.get(target.at);
    if (place !== undefined && place >= farthest) return place;
    const distance = this.count - 1 - target.at;
    return this.#remember(this.#jumps, target.at, this.#set(BPF_JMP_JA, distance).at);
  }

  #remember(map: Map<number, number>, key: number, place: number): number {
    map.set(key, place);
    return place;
  }
}
