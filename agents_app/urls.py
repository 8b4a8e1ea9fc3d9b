"""Addresses of the pages."""

from django.urls import path

from agents_app import views

urlpatterns = [
    path("", views.home, name="home"),
    path("c/<uuid:public_id>/", views.conversation, name="conversation"),
]
