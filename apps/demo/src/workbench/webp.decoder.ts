import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import decode, { init } from '@jsquash/webp/decode.js';

const CODEC = fileURLToPath(import.meta.resolve('@jsquash/webp/codec/dec/webp_dec.wasm'));

/** Node has it, but declares it only in the types of the DOM. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

/** It accepts a compiled module as well, which the codec's types leave out. */
const initWith = init as (module: object) => Promise<void>;

/** Unpacked pixels, in RGBA. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

/** Unpacks WebP, which Jimp cannot. The codec is loaded once per worker. */
@Injectable()
export class WebpDecoder implements OnModuleInit {
  async onModuleInit(): Promise<void> {
    // Its default is to fetch() the file, and Node's fetch() reads no files.
    await initWith(await WebAssembly.compile(await readFile(CODEC)));
  }

  async decode(bytes: Uint8Array<ArrayBuffer>): Promise<Bitmap> {
    // A view works as well, although the types ask for an ArrayBuffer.
    const { width, height, data } = await decode(bytes as unknown as ArrayBuffer);
    return { width, height, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
  }
}
