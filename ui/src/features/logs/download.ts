// SPDX-License-Identifier: Apache-2.0
import { request } from "@/api/client";
import { saveFile } from "@/lib/saveFile";

interface SavePicker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<{
    createWritable: () => Promise<WritableStream<Uint8Array>>;
  }>;
}

/** Saves a log as text: straight to disk where the browser can, so that its size does not matter. */
export async function downloadLog(url: string, name: string): Promise<void> {
  const picker = (window as SavePicker).showSaveFilePicker;
  const headers = { Accept: "text/plain" };
  if (!picker) {
    const response = await request(url, { headers });
    saveFile(name, await response.blob());
    return;
  }
  const file = await picker({ suggestedName: name });
  const response = await request(url, { headers });
  await response.body?.pipeTo(await file.createWritable());
}
