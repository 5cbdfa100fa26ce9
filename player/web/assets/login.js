"use strict";
// The link in the QR code carries the token after the #, which no server sees. Take it out of the address bar and the
// history at once, and send it in the form.
function signIn() {
  const token = location.hash.slice(1), form = document.getElementById("login");
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  if (form) {
    form.elements.token.value = token;
    form.submit();
  }
}
signIn();
addEventListener("hashchange", signIn); // the link, opened where this page is open already
