import { Transform, type TransformCallback } from 'node:stream';

const HEADER_BYTES = 8;
/** Docker's own frames are a few KiB; anything far beyond is not this format. */
const FRAME_LIMIT = 16 * 1_048_576;

/**
 * Takes the frames off Docker's log stream of a container without a terminal: one byte that names the output, three
 * zeros, the length in four bytes (big-endian), then that much text. Frames do not align with what the network delivers.
 */
export class DockerFrames extends Transform {
  private rest: Buffer = Buffer.alloc(0);

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(4);
      if (length > FRAME_LIMIT) {
        done(new Error('not a log stream of Docker'));
        return;
      }
      if (bytes.length < HEADER_BYTES + length) break;
      this.push(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length));
      bytes = bytes.subarray(HEADER_BYTES + length);
    }
    this.rest = bytes;
    done();
  }
}
