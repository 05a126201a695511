"""To be included at the root: tokens, and the keys that verify them."""

from django.urls import path

from tenants.api import views

urlpatterns = [
    path("oauth2/token", views.token, name="token"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
    path(".well-known/oauth-authorization-server", views.authorization_server, name="authorization-server"),
]
