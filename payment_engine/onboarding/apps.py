from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    name = "payment_engine.onboarding"
    label = "onboarding"
