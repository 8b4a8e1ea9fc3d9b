// What the server may say on the socket, and what the thread does about it: one line per event type.
export const handlers = {
  ready: (thread) => thread.showConnection("open"),
  text: (thread, event) => thread.addText(event),
  message: (thread, event) => thread.showMessage(event.item),
  call: (thread, event) => thread.showCall(event.item),
  run: (thread, event) => thread.showRun(event.item),
  approval: (thread, event) => thread.showApproval(event.item),
  progress: (thread, event) => thread.showProgress(event),
  usage: (thread, event) => thread.showUsage(event.item),
  pause: (thread, event) => thread.showPause(event),
  tick: () => {},
};

export function apply(thread, event) {
  // A newer server may know more types than this page, which is then only a little less lively.
  if (Object.hasOwn(handlers, event.type)) handlers[event.type](thread, event);
}
