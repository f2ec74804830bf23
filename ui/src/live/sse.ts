// SPDX-License-Identifier: Apache-2.0

/** One event of a text/event-stream. */
export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Cuts a stream of text into events; what is not whole yet waits for the next piece. */
export class EventParser {
  private rest = "";

  push(text: string): ServerEvent[] {
    this.rest += text;
    const blocks = this.rest.split(/\r?\n\r?\n/);
    this.rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      const event = readBlock(block);
      return event ? [event] : [];
    });
  }
}

function readBlock(block: string): ServerEvent | null {
  const found: ServerEvent = { id: null, event: "message", data: "" };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const field = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") found.event = value;
    else if (field === "id") found.id = value;
  }
  if (data.length === 0 && found.event === "message") return null;
  found.data = data.join("\n");
  return found;
}
