// SPDX-License-Identifier: Apache-2.0

/** Puts a text onto the clipboard, also where the page came without TLS and has no clipboard API. */
export async function copyText(text: string): Promise<void> {
  // Missing outside of secure contexts, whatever its type says.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard) return clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
