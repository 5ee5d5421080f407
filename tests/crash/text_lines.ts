/**
 * Lines of a text that comes in pieces.
 * @module
 */

/** Splits text into whole lines; what stands behind the last line feed is no line. */
export class TextLineStream extends TransformStream<string, string> {
  /** A splitter of one text. */
  constructor() {
    let rest = "";
    super({
      transform(chunk, controller) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    });
  }
}
