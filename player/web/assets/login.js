"use strict";
// The link in the QR code brings the token behind the #, which no server sees. It leaves the address bar and the
// history at once, and is given in the form.
const token = location.hash.slice(1);
const form = document.getElementById("login");
if (token) {
  history.replaceState(null, "", location.pathname);
  if (form) {
    form.elements.token.value = token;
    form.submit();
  }
}
