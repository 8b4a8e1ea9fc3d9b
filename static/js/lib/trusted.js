// The only door through which markup enters the page: HTML that the server has rendered and sanitised last.
const policy = globalThis.trustedTypes?.createPolicy("toolroom", { createHTML: (html) => html }) ?? {
  createHTML: (html) => html,
};

export function placeSanitised(element, html) {
  element.innerHTML = policy.createHTML(html);
}
